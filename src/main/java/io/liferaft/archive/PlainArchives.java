package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStores;

/** Opens archives of the plain format. */
final class PlainArchives implements BackupArchives {

  private final ObjectStores stores;
  private final ResumingFetch.Pause pause;

  PlainArchives(ObjectStores stores, ResumingFetch.Pause pause) {
    this.stores = stores;
    this.pause = pause;
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
    PlainArchive plain =
        new PlainArchive(
            store, location.key(), target.strip(), location.toString(), compress, pause);
    return timestamped ? new TimestampedArchive(plain, store, location.key()) : plain;
  }
}
