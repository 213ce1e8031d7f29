package io.liferaft.cli;

import io.liferaft.go.GoDuration;
import java.time.Duration;
import java.util.Set;

/** What the value of a flag looks like, read as Go's flag package reads it. */
enum Kind {
  TEXT("string", "") {
    @Override
    String canonical(String value) {
      return value;
    }
  },
  /** May stand without a value. */
  SWITCH("", "false") {
    @Override
    String canonical(String value) {
      if (YES.contains(value)) {
        return "true";
      }
      if (NO.contains(value)) {
        return "false";
      }
      throw new IllegalArgumentException("it is true or false");
    }
  },
  NUMBER("int", "0") {
    @Override
    String canonical(String value) {
      try {
        return Long.toString(Long.decode(value));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("it is a whole number, for example 8192", e);
      }
    }
  },
  DURATION("duration", "0ms") {
    @Override
    String canonical(String value) {
      return duration(value);
    }
  };

  private static final Set<String> YES = Set.of("1", "t", "T", "true", "TRUE", "True");
  private static final Set<String> NO = Set.of("0", "f", "F", "false", "FALSE", "False");

  private final String word;
  private final String zero;

  Kind(String word, String zero) {
    this.word = word;
    this.zero = zero;
  }

  /**
   * One spelling for equal values, which settings understand.
   *
   * @throws IllegalArgumentException saying what a value looks like
   */
  abstract String canonical(String value);

  /** What stands behind the flag in the help; empty for nothing. */
  String word() {
    return word;
  }

  /** Stands for nothing: no file, no number, off. */
  String zero() {
    return zero;
  }

  /** Whole milliseconds, or nanoseconds where they are needed, of {@code 1h30m} or {@code 1.5s}. */
  private static String duration(String value) {
    Duration duration = GoDuration.parse(value);
    if (duration == null) {
      throw new IllegalArgumentException("it is a time with its unit, for example 10s or 1h30m");
    }
    long nanos = duration.toNanos();
    return nanos % 1_000_000 == 0 ? nanos / 1_000_000 + "ms" : nanos + "ns";
  }
}
