package io.liferaft.archive;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

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
 * @param pinned it has a pin of its own and is kept whatever the retention says
 * @param keptWith id of the restore point that is pinned with all older ones, of which this is one,
 *     or which it is; null for none
 */
public record ListedBackup(
    String id,
    String generation,
    long term,
    long changeIndex,
    Instant created,
    long addedBytes,
    boolean newest,
    boolean pinned,
    @Nullable String keptWith) {}
