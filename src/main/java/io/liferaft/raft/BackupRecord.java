package io.liferaft.raft;

import org.jspecify.annotations.Nullable;

/**
 * The last backup of a destination, as the replicated state knows it.
 *
 * @param destination fingerprint of the place
 * @param generation the database's generation it holds
 * @param changeIndex the change index it holds
 * @param sha256 of the uncompressed database file, lower-case hex
 * @param sizeBytes of the uncompressed database file
 * @param etag of the object
 * @param versionId of the object, null where the store keeps none
 * @param term of the leader that wrote it
 * @param timeMillis when it was complete, milliseconds since 1970-01-01 UTC
 */
public record BackupRecord(
    String destination,
    String generation,
    long changeIndex,
    String sha256,
    long sizeBytes,
    String etag,
    @Nullable String versionId,
    long term,
    long timeMillis) {}
