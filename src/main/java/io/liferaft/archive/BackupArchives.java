package io.liferaft.archive;

/** Opens archives by their address. */
public interface BackupArchives {

  /** Whether archives are encrypted; one plain object never is. */
  default boolean encrypts() {
    return false;
  }

  /**
   * Opens a place; no network.
   *
   * @param target {@code file:/dir/name.sqlite.gz} or {@code s3://bucket/key} for one backup;
   *     {@code file:/dir/} or {@code s3://bucket/prefix/} for an archive of many
   * @param compress compress what is written; reading recognises either
   * @throws IllegalArgumentException when the address is none, saying what a valid one looks like
   */
  BackupArchive open(String target, boolean compress);

  /**
   * Opens a place that a backup may create, as {@link #open(String, boolean)} else.
   *
   * @param createDirectory whether {@code write} creates the directory of a {@code file:} target;
   *     reading from one that is missing fails with NO_SUCH_BUCKET all the same. Only for a node
   *     that has the directory to itself: several nodes share one, and there a missing one means
   *     that it is not mounted.
   */
  default BackupArchive open(String target, boolean compress, boolean createDirectory) {
    return open(target, compress);
  }

  /**
   * Opens a place as {@link #open(String, boolean, boolean)}, whose backups may be objects of their
   * own.
   *
   * @param timestamped whether each backup is an object of its own, named after the time; without
   *     effect on an archive
   */
  default BackupArchive open(
      String target, boolean compress, boolean createDirectory, boolean timestamped) {
    return open(target, compress, createDirectory);
  }
}
