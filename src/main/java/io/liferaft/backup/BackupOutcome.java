package io.liferaft.backup;

import java.util.Locale;

/**
 * How one round ended.
 *
 * @param detail one sentence
 */
record BackupOutcome(Result result, String detail) {

  /** The closed set of results; also the values of the metrics' tag. */
  enum Result {
    OK,
    FAILED,
    SKIPPED,
    RECORDED,
    REFUSED,
    STOPPED;

    String tag() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
