package io.liferaft.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/**
 * How the last restore drill of this node ended.
 *
 * @param time when it ended
 * @param result what it came to
 * @param detail one sentence
 * @param took from looking at the place until SQLite had checked the database
 * @param compared whether the contents were compared with this node's database, at the same index
 */
record DrillStatus(Instant time, Result result, String detail, Duration took, boolean compared) {

  /** The closed set of results. */
  enum Result {
    /** The newest backup can be restored. */
    OK,
    /** It cannot: its bytes are wrong. */
    DAMAGED,
    /** Nobody knows: store, disk or node were in the way. */
    FAILED,
    /** There is nothing to restore, or it is not this node's turn. */
    SKIPPED;

    String tag() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
