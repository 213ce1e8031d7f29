package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A place where each backup is an object of its own, named after the time, and the newest by name
 * counts; as long as there is none, one under the place's plain name. Nothing is ever replaced, so
 * a condition on what lies there is looked at before the write, and the write itself takes a new
 * name. Two leaders that write at a time leave two objects, of which the next look finds the newer
 * one.
 */
final class TimestampedArchive implements BackupArchive {

  private final PlainArchive plain;
  private final ObjectStore store;
  private final TimestampedNames names;

  /** Where to go on listing: such places grow for years. */
  private volatile @Nullable String known;

  /**
   * @param plain the same place with its plain name
   * @param key the plain name
   */
  TimestampedArchive(PlainArchive plain, ObjectStore store, String key) {
    this.plain = plain;
    this.store = store;
    this.names = new TimestampedNames(key);
  }

  @Override
  public String location() {
    return plain.location();
  }

  @Override
  public String address() {
    return plain.address();
  }

  /** The plain place's: who turns this on or off goes on from the record that is there. */
  @Override
  public String fingerprint() {
    return plain.fingerprint();
  }

  @Override
  public Optional<StoredBackup> latest() {
    return newest().or(plain::latest);
  }

  @Override
  public Optional<StoredBackup> before(StoredBackup backup) {
    return plain.before(backup);
  }

  @Override
  public boolean covers(StoredBackup backup) {
    return plain.covers(backup) || names.isOne(backup.key());
  }

  private Optional<StoredBackup> newest() {
    String last = known;
    if (last != null) {
      String newer = names.newest(store.list(names.prefix(), last)).orElse(last);
      Optional<StoredBackup> there = plain.look(newer);
      if (there.isPresent()) {
        known = newer;
        return there;
      }
    }
    // The first time, or somebody has removed the newest.
    Optional<String> newest = names.newest(store.list(names.prefix()));
    known = newest.orElse(null);
    return newest.flatMap(plain::look);
  }

  @Override
  public StoredBackup write(
      BackupManifest manifest, PutCondition condition, DatabaseSource database) {
    require(condition, replaced(condition));
    Instant created = manifest.created();
    String key = names.next(created == null ? Instant.now() : created, known);
    return plain.write(key, manifest, new PutCondition.IfAbsent(), database);
  }

  private @Nullable StoredBackup replaced(PutCondition condition) {
    try {
      return latest().orElse(null);
    } catch (ObjectStoreException e) {
      // A directory that the write makes.
      if (e.reason() == Reason.NO_SUCH_BUCKET && condition instanceof PutCondition.IfAbsent) {
        known = null;
        return null;
      }
      throw e;
    }
  }

  private void require(PutCondition condition, @Nullable StoredBackup there) {
    boolean holds =
        switch (condition) {
          case PutCondition.Always() -> true;
          case PutCondition.IfAbsent() -> there == null;
          case PutCondition.IfMatch(String etag) -> there != null && there.etag().equals(etag);
        };
    if (!holds) {
      throw new ObjectStoreException(
          Reason.PRECONDITION_FAILED,
          "the newest backup at %s is another one than before".formatted(location()),
          null);
    }
  }

  @Override
  public int sweep() {
    return store.abortUploads(names.prefix(), names::isOne);
  }

  @Override
  public String preserve(StoredBackup backup) {
    return backup.key();
  }

  @Override
  public String fetch(StoredBackup backup, Path into, FetchProgress progress) {
    return plain.fetch(backup, into, progress);
  }

  @Override
  public Optional<String> lineageMarker() {
    return plain.lineageMarker();
  }

  @Override
  public void writeLineageMarker(String clusterId) {
    plain.writeLineageMarker(clusterId);
  }
}
