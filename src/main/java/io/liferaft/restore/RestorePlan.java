package io.liferaft.restore;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a restore in place would do.
 *
 * @param backup the restore point's id, or the object
 * @param created when it was made
 * @param changeIndex the last change that it holds
 * @param storedBytes to be fetched by this node
 * @param databaseBytes to be sent through the log to every node; -1 when unknown
 * @param currentChangeIndex the last change that the cluster holds now
 * @param estimatedSeconds at the speed of this node's last restore; null before the first
 */
record RestorePlan(
    String source,
    String backup,
    Instant created,
    long changeIndex,
    long storedBytes,
    long databaseBytes,
    long currentChangeIndex,
    @Nullable Long estimatedSeconds) {}
