package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStores;
import java.security.SecureRandom;

/** Opens archives of both formats: a place that ends with a slash holds many backups. */
final class StoreArchives implements BackupArchives {

  private final ObjectStores stores;
  private final int level;
  private final EncryptionKeys keys;
  private final ResumingFetch.Pause pause;

  /**
   * @param level of zstd where backups are compressed
   */
  StoreArchives(ObjectStores stores, int level, EncryptionKeys keys, ResumingFetch.Pause pause) {
    this.stores = stores;
    this.level = level;
    this.keys = keys;
    this.pause = pause;
  }

  @Override
  public boolean encrypts() {
    return keys.encrypts();
  }

  @Override
  public BackupArchive open(String target, boolean compress) {
    return open(target, compress, false);
  }

  @Override
  public BackupArchive open(String target, boolean compress, boolean createDirectory) {
    return open(target, compress, createDirectory, false);
  }

  @Override
  public BackupArchive open(
      String target, boolean compress, boolean createDirectory, boolean timestamped) {
    ObjectStores.Location location = ObjectStores.parse(target);
    ObjectStore store = stores.open(location, createDirectory);
    String configured = target.strip();
    if (location.many()) {
      return new ChunkedArchive(
          store,
          location.key(),
          configured,
          location.toString(),
          compress ? level : 0,
          keys,
          new SecureRandom(),
          pause);
    }
    PlainArchive plain =
        new PlainArchive(store, location.key(), configured, location.toString(), compress, pause);
    return timestamped ? new TimestampedArchive(plain, store, location.key()) : plain;
  }
}
