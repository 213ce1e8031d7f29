package io.liferaft.archive;

import java.time.Instant;

/**
 * A restore point as a list shows it; nothing of it has been read.
 *
 * @param id by which it is named
 * @param generation the first eight characters of the database's generation
 * @param term of the leader that wrote it
 * @param changeIndex the last change that it holds
 * @param created when it was made
 * @param addedBytes what it added to the store
 * @param newest the pointer names it
 * @param pinned it is kept whatever the retention says
 */
public record ListedBackup(
    String id,
    String generation,
    long term,
    long changeIndex,
    Instant created,
    long addedBytes,
    boolean newest,
    boolean pinned) {}
