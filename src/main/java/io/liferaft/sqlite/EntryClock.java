package io.liferaft.sqlite;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The time of the entry that is being applied, in the forms that SQLite's functions give it. */
final class EntryClock {

  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final int DATE = 10;
  private static final int SECONDS = 19;

  private long millis;
  private @Nullable String text;

  void set(long clockMillis) {
    if (clockMillis != millis) {
      millis = clockMillis;
      text = null;
    }
  }

  /** Date and time with milliseconds, which every time function takes as it takes {@code now}. */
  String full() {
    String known = text;
    if (known == null) {
      known = MILLIS.format(Instant.ofEpochMilli(millis));
      text = known;
    }
    return known;
  }

  String dateTime() {
    return full().substring(0, SECONDS);
  }

  String date() {
    return full().substring(0, DATE);
  }

  String time() {
    return full().substring(DATE + 1, SECONDS);
  }

  long seconds() {
    return Math.floorDiv(millis, 1000L);
  }
}
