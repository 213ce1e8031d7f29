package io.liferaft.backup;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a look at a restore point came to.
 *
 * @param good whether it can be restored, as far as was looked
 * @param detail one sentence
 * @param time when the look ended
 * @param took how long it took
 * @param uniqueBytes what deleting it would free; null where that is not known
 */
record Verified(
    String id,
    VerifyDepth depth,
    boolean good,
    String detail,
    Instant time,
    Duration took,
    @Nullable Long uniqueBytes) {

  /** The same; where it does not know what is unique, what an earlier look has found. */
  Verified orBytesOf(Verified earlier) {
    return uniqueBytes != null
        ? this
        : new Verified(id, depth, good, detail, time, took, earlier.uniqueBytes);
  }
}
