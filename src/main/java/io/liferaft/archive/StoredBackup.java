package io.liferaft.archive;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A backup as it lies in the store.
 *
 * @param key object key or file name
 * @param etag the store's, for conditions
 * @param storedBytes what a restore fetches, compressed or not
 * @param addedBytes what it added to the store
 */
public record StoredBackup(
    BackupManifest manifest,
    String key,
    String etag,
    @Nullable String versionId,
    long storedBytes,
    Instant stored,
    long addedBytes) {

  /** One that is an object of its own. */
  public StoredBackup(
      BackupManifest manifest,
      String key,
      String etag,
      @Nullable String versionId,
      long storedBytes,
      Instant stored) {
    this(manifest, key, etag, versionId, storedBytes, stored, storedBytes);
  }

  /**
   * What SQLite finds sound may still be none of what was backed up.
   *
   * @param empty whether the database that was fetched holds no object
   * @throws CorruptBackupException when it is empty, and was not when it was backed up
   */
  public void requireContent(boolean empty) {
    if (empty && !manifest.empty()) {
      throw new CorruptBackupException(key + " holds no object, and should", null);
    }
  }
}
