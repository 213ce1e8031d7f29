package io.liferaft.go;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Durations as Go writes and reads them: {@code 1h30m}, {@code 1.5ms}, {@code -1s}. */
public final class GoDuration {

  private static final long SECOND = 1_000_000_000L;

  private GoDuration() {}

  /** The duration a text stands for; null when it is none (a unit is missing, for example). */
  public static @Nullable Duration parse(String text) {
    int at = 0;
    boolean negative = false;
    if (!text.isEmpty() && (text.charAt(0) == '-' || text.charAt(0) == '+')) {
      negative = text.charAt(0) == '-';
      at = 1;
    }
    if (text.length() == at) {
      return null;
    }
    if (text.length() == at + 1 && text.charAt(at) == '0') {
      return Duration.ZERO;
    }
    try {
      long total = 0;
      while (at < text.length()) {
        int start = at;
        long whole = 0;
        while (at < text.length() && isDigit(text.charAt(at))) {
          whole = Math.addExact(Math.multiplyExact(whole, 10), text.charAt(at) - '0');
          at++;
        }
        boolean digits = at > start;
        double fraction = 0;
        if (at < text.length() && text.charAt(at) == '.') {
          int point = at++;
          while (at < text.length() && isDigit(text.charAt(at))) {
            at++;
          }
          if (at > point + 1) {
            digits = true;
            fraction = Double.parseDouble("0" + text.substring(point, at));
          }
        }
        int unitStart = at;
        while (at < text.length() && text.charAt(at) != '.' && !isDigit(text.charAt(at))) {
          at++;
        }
        long unit = unitNanos(text.substring(unitStart, at));
        if (!digits || unit == 0) {
          return null;
        }
        total = Math.addExact(total, Math.multiplyExact(whole, unit));
        total = Math.addExact(total, (long) (fraction * unit));
      }
      return Duration.ofNanos(negative ? -total : total);
    } catch (ArithmeticException e) {
      return null;
    }
  }

  /** As Go's {@code Duration.String()} prints it: {@code 203.309µs}, {@code 1m30s}. */
  public static String format(Duration duration) {
    long nanos = duration.toNanos();
    if (nanos == 0) {
      return "0s";
    }
    String sign = nanos < 0 ? "-" : "";
    long n = Math.abs(nanos);
    if (n < 1_000) {
      return sign + n + "ns";
    }
    if (n < 1_000_000) {
      return sign + decimal(n, 1_000, 3) + "µs";
    }
    if (n < SECOND) {
      return sign + decimal(n, 1_000_000, 6) + "ms";
    }
    long minutes = n / (60 * SECOND);
    String seconds = decimal(n % (60 * SECOND), SECOND, 9) + "s";
    if (minutes == 0) {
      return sign + seconds;
    }
    if (minutes < 60) {
      return sign + minutes + "m" + seconds;
    }
    return sign + minutes / 60 + "h" + minutes % 60 + "m" + seconds;
  }

  /** Seconds as Go's {@code Duration.Seconds()} computes them. */
  public static double seconds(long nanos) {
    long whole = nanos / SECOND;
    return whole + (nanos % SECOND) / 1e9;
  }

  private static String decimal(long value, long unit, int places) {
    long rest = value % unit;
    if (rest == 0) {
      return Long.toString(value / unit);
    }
    String digits = Long.toString(rest);
    String padded = "0".repeat(places - digits.length()) + digits;
    return value / unit + "." + padded.replaceFirst("0+$", "");
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static long unitNanos(String unit) {
    return switch (unit) {
      case "ns" -> 1;
      case "us", "\u00b5s", "\u03bcs" -> 1_000;
      case "ms" -> 1_000_000;
      case "s" -> SECOND;
      case "m" -> 60 * SECOND;
      case "h" -> 3_600 * SECOND;
      default -> 0;
    };
  }
}
