package io.liferaft.archive;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A backup as it lies in the store.
 *
 * @param key object key or file name
 * @param etag the store's, for conditions
 * @param storedBytes size of the object, compressed or not
 */
public record StoredBackup(
    BackupManifest manifest,
    String key,
    String etag,
    @Nullable String versionId,
    long storedBytes,
    Instant stored) {}
