package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.objectstore.PutCondition;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The backups of one place. Blocking; safe for use by many threads; holds no database in memory.
 * Errors of the store come through as {@link io.liferaft.objectstore.ObjectStoreException}.
 */
public interface BackupArchive {

  /**
   * The place as configured, without secrets: {@code file:/dir/name} or {@code s3://bucket/key}.
   */
  String location();

  /** The place as every node finds it, wherever it was started: paths are absolute. */
  String address();

  /** The place's identity in the replicated state: the same for the same bucket and key. */
  String fingerprint();

  /**
   * Tries what this format wants beside the store: that the key for the next backup is there and
   * works, and one for the newest backup; each anew, whatever is kept in memory. Throws no {@code
   * ObjectStoreException}: what fails is a finding.
   */
  default List<PreflightFinding> preflight() {
    return List.of();
  }

  /**
   * The newest backup.
   *
   * @return empty only when the store answered that none is there
   */
  Optional<StoredBackup> latest();

  /**
   * The backup to restore from: {@link #latest}, else another one that was made for this place.
   *
   * @return empty only when the store answered that there is none
   */
  default Optional<StoredBackup> toRestore() {
    return latest();
  }

  /**
   * The backup of a restore point. A place that keeps no earlier ones has only the latest.
   *
   * @return empty only when the store answered that there is no backup at all
   * @throws NoSuchPointException when there are some, and none for this point
   * @throws ObjectStoreException CONFIGURATION when the place has no other point than the latest
   */
  default Optional<StoredBackup> find(RestorePoint point) {
    if (point instanceof RestorePoint.Latest) {
      return toRestore();
    }
    throw new ObjectStoreException(
        Reason.CONFIGURATION,
        location()
            + " is one backup and no archive: its only restore point is latest, not "
            + point,
        null);
  }

  /**
   * All restore points, oldest first, by their names only.
   *
   * @throws ObjectStoreException CONFIGURATION when the place is no archive
   */
  default List<ListedBackup> list() {
    throw noArchive();
  }

  /**
   * Deletes the restore points that a policy does not keep, and what only they needed. At most some
   * hundred objects in one call; an interrupt ends it early. For the leader, as nobody else knows
   * what is being written.
   *
   * @param dryRun only tells what would be deleted now; any node may ask
   * @return what was deleted; nothing for a place that is no archive
   */
  default PruneReport prune(RetentionPolicy policy, Instant now, boolean dryRun) {
    return PruneReport.nothing(dryRun, null);
  }

  /**
   * Keeps a restore point whatever the policy says.
   *
   * @throws ObjectStoreException NOT_FOUND when there is none of that id, CONFIGURATION when the
   *     place is no archive
   */
  default void pin(String id) {
    throw noArchive();
  }

  /**
   * Undoes {@link #pin}, also of a restore point that is gone; not pinned is no error.
   *
   * @throws ObjectStoreException NOT_FOUND when there is neither a restore point nor a pin of that
   *     id, CONFIGURATION when the place is no archive
   */
  default void unpin(String id) {
    throw noArchive();
  }

  /**
   * Keeps a backup and, where the place holds several, all older ones, until an operator says
   * otherwise: no policy and no newer backup takes them away.
   *
   * @param backup the newest one
   * @return what is kept, for logs
   */
  default String keepUpTo(StoredBackup backup) {
    return preserve(backup);
  }

  /**
   * The id of the restore point that {@link #keepUpTo} keeps with all older ones, as long as no
   * operator has let it go; empty for none, and where there are no older ones.
   */
  default Optional<String> keptWithOlder() {
    return Optional.empty();
  }

  /**
   * Deletes one restore point; what only it needed goes with the next prune.
   *
   * @throws ObjectStoreException NOT_FOUND when there is none of that id, CONFIGURATION when it has
   *     to stay: the newest, a pinned one, one that others are told against
   */
  default void delete(String id) {
    throw noArchive();
  }

  /** The id of a restore point; empty where the place is no archive. */
  default Optional<String> idOf(StoredBackup backup) {
    return Optional.empty();
  }

  /**
   * Looks whether all that a restore point needs is there, without fetching it.
   *
   * @throws CorruptBackupException when something is gone or cut, or the manifest is damaged
   * @throws ObjectStoreException CONFIGURATION when the place is no archive
   */
  default Inspection inspect(StoredBackup backup) {
    throw noArchive();
  }

  private ObjectStoreException noArchive() {
    return new ObjectStoreException(
        Reason.CONFIGURATION,
        location() + " is one backup and no archive: a target that ends with a slash is one",
        null);
  }

  /**
   * The next older backup, for when this one is damaged.
   *
   * @return empty only when the store answered that there is none
   */
  default Optional<StoredBackup> before(StoredBackup backup) {
    return Optional.empty();
  }

  /**
   * Notes what has been found damaged, so that no later backup relies on it; nothing to do where a
   * backup is an object of its own. What cannot be noted is logged.
   */
  default void markDamaged(CorruptBackupException damage) {}

  /** Whether a new backup costs what changed, and those before it stay. */
  default boolean keepsEarlier() {
    return false;
  }

  /** Whether a backup is one that {@link #latest} could find. */
  default boolean covers(StoredBackup backup) {
    return true;
  }

  /**
   * Reads a database and tells the hash of its content, as this format names it: sha256, lower-case
   * hex.
   *
   * @throws IOException when it cannot be read
   */
  default String digest(DatabaseSource database) throws IOException {
    MessageDigest digest = VerifyingOutputStream.sha256();
    database.writeTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Writes a backup; when this returns it is complete and durable, when it throws nothing of it is
   * visible.
   *
   * @param manifest with the hash that {@link #digest} told
   * @param condition on the backup that {@link #latest} finds
   * @param database the uncompressed file; its hash is checked against the manifest while it is
   *     written, a difference makes the put fail
   */
  StoredBackup write(BackupManifest manifest, PutCondition condition, DatabaseSource database);

  /**
   * Gives up every unfinished upload to the place, whoever began it: what a killed process leaves
   * there takes room for ever. For who has just written: no other one can end well any more.
   *
   * @return how many
   */
  int sweep();

  /**
   * Keeps a backup that another one is about to come after, until an operator lets it go: under a
   * dated key beside it, or, where none is ever replaced, by a pin against the retention.
   *
   * @return the key it is kept under
   */
  String preserve(StoredBackup backup);

  /**
   * Fetches a backup into a file, uncompressed, going on where a broken transfer or an earlier call
   * stopped, and checks its size and hash against its manifest where that has them.
   *
   * @param into the finished file; parts of an unfinished one are kept beside it for the next call
   * @param progress told how far it is
   * @return the file's hash as {@link #digest} tells it
   * @throws CorruptBackupException when the content is damaged; parts are then deleted
   * @throws java.io.UncheckedIOException when the local disk fails; parts stay
   */
  String fetch(StoredBackup backup, Path into, FetchProgress progress);

  /**
   * The lineage noted beside the backup by {@link #writeLineageMarker}: the sign that a directory
   * is the shared one and not another node's, or an unmounted volume's empty mount point.
   *
   * @return empty only when the place answered that there is no marker; a directory that does not
   *     exist is {@code NO_SUCH_BUCKET}, an error
   */
  Optional<String> lineageMarker();

  /**
   * Notes a lineage beside the backup, under {@code <name>.lineage}; durable on return. As with
   * {@link #write}, the directory is made where that is allowed.
   */
  void writeLineageMarker(String clusterId);
}
