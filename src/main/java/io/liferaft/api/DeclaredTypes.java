package io.liferaft.api;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a column's declared type makes of its values: rqlite's conversions, which clients parse. */
final class DeclaredTypes {

  /** How values of a column are printed. */
  enum Kind {
    PLAIN,
    BOOLEAN,
    TIME
  }

  static final String YEAR_OUT_OF_RANGE = "Time.MarshalText: year outside of range [0,9999]";

  private static final String UNPARSABLE = "0001-01-01T00:00:00Z";
  private static final long MILLIS_ABOVE = 1_000_000_000_000L;
  private static final Pattern TIME =
      Pattern.compile(
          "(\\d{4}-\\d{2}-\\d{2})"
              + "(?:[ T](\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d+))?([+-]\\d{2}:\\d{2})?)?)?");
  private static final List<String> TEXT_PREFIXES =
      List.of("varchar", "varying character", "nchar", "native character", "nvarchar", "clob");

  private DeclaredTypes() {}

  static Kind kind(String type) {
    return switch (type) {
      case "boolean" -> Kind.BOOLEAN;
      case "date", "datetime", "timestamp" -> Kind.TIME;
      default -> Kind.PLAIN;
    };
  }

  /** Whether BLOBs in a column of this type are printed as text. */
  static boolean printsBlobAsText(String type) {
    return type.isEmpty()
        || type.equals("text")
        || type.equals("json")
        || TEXT_PREFIXES.stream().anyMatch(type::startsWith);
  }

  /**
   * RFC 3339 of a Unix time: milliseconds when beyond 10^12, else seconds; null when the year is
   * outside 0 to 9999.
   */
  static @Nullable String time(long unix) {
    try {
      Instant instant =
          Math.abs(unix) > MILLIS_ABOVE || unix == Long.MIN_VALUE
              ? Instant.ofEpochMilli(unix)
              : Instant.ofEpochSecond(unix);
      LocalDateTime utc = LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
      if (utc.getYear() < 0 || utc.getYear() > 9999) {
        return null;
      }
      String digits = utc.getNano() == 0 ? "" : "%09d".formatted(utc.getNano());
      return print(utc.toLocalDate(), utc.getHour(), utc.getMinute(), utc.getSecond(), digits, "Z");
    } catch (DateTimeException e) {
      return null;
    }
  }

  /** RFC 3339 of a text; what cannot be parsed is the year 1. */
  static String time(String text) {
    Matcher m = TIME.matcher(text.endsWith("Z") ? text.substring(0, text.length() - 1) : text);
    if (!m.matches()) {
      return UNPARSABLE;
    }
    try {
      LocalDate date = LocalDate.parse(m.group(1));
      int hour = number(m.group(2));
      int minute = number(m.group(3));
      int second = number(m.group(4));
      String zone = m.group(6) == null ? "Z" : m.group(6);
      if (hour > 23 || minute > 59 || second > 59 || !isZone(zone)) {
        return UNPARSABLE;
      }
      String fraction = m.group(5) == null ? "" : m.group(5);
      String digits = fraction.substring(0, Math.min(9, fraction.length()));
      boolean utc = zone.substring(1).equals("00:00");
      return print(date, hour, minute, second, digits, utc ? "Z" : zone);
    } catch (DateTimeException e) {
      return UNPARSABLE;
    }
  }

  private static String print(
      LocalDate date, int hour, int minute, int second, String fraction, String zone) {
    StringBuilder text = new StringBuilder(35);
    pad(text, date.getYear(), 4).append('-');
    pad(text, date.getMonthValue(), 2).append('-');
    pad(text, date.getDayOfMonth(), 2).append('T');
    pad(text, hour, 2).append(':');
    pad(text, minute, 2).append(':');
    pad(text, second, 2);
    int digits = fraction.length();
    while (digits > 0 && fraction.charAt(digits - 1) == '0') {
      digits--;
    }
    if (digits > 0) {
      text.append('.').append(fraction, 0, digits);
    }
    return text.append(zone).toString();
  }

  private static StringBuilder pad(StringBuilder text, int value, int width) {
    String digits = Integer.toString(value);
    return text.append("0".repeat(width - digits.length())).append(digits);
  }

  private static boolean isZone(String zone) {
    return zone.equals("Z")
        || (Integer.parseInt(zone, 1, 3, 10) < 24 && Integer.parseInt(zone, 4, 6, 10) < 60);
  }

  private static int number(@Nullable String digits) {
    return digits == null ? 0 : Integer.parseInt(digits);
  }
}
