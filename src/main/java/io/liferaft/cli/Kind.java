package io.liferaft.cli;

import java.math.BigDecimal;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

  private static final Pattern PART =
      Pattern.compile("(\\d+\\.?\\d*|\\.\\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)");

  private static final Map<String, Long> NANOS =
      Map.of(
          "ns", 1L,
          "us", 1_000L,
          "\u00b5s", 1_000L,
          "\u03bcs", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);

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
    boolean negative = value.startsWith("-");
    String text = negative || value.startsWith("+") ? value.substring(1) : value;
    BigDecimal nanos = BigDecimal.ZERO;
    Matcher part = PART.matcher(text);
    int end = 0;
    while (part.find() && part.start() == end) {
      BigDecimal unit = BigDecimal.valueOf(NANOS.getOrDefault(part.group(2), 0L));
      nanos = nanos.add(new BigDecimal(part.group(1)).multiply(unit));
      end = part.end();
    }
    boolean whole = end == text.length() && end > 0;
    if ((!whole && !text.equals("0")) || nanos.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw new IllegalArgumentException("it is a time with its unit, for example 10s or 1h30m");
    }
    long exact = negative ? -nanos.longValue() : nanos.longValue();
    return exact % 1_000_000 == 0 ? exact / 1_000_000 + "ms" : exact + "ns";
  }
}
