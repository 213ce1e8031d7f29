package io.liferaft.archive;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** Which of a place's backups to restore. */
public sealed interface RestorePoint {

  /** The newest. */
  record Latest() implements RestorePoint {
    @Override
    public String toString() {
      return "latest";
    }
  }

  /** The one of that id, as lists show it. */
  record Id(String id) implements RestorePoint {
    @Override
    public String toString() {
      return id;
    }
  }

  /**
   * The last one that holds no change after an index, in the newest generation that has one.
   *
   * @param changeIndex from 0
   */
  record Index(long changeIndex) implements RestorePoint {
    @Override
    public String toString() {
      return "index:" + changeIndex;
    }
  }

  /**
   * The last one that was made no later.
   *
   * @param wholeSecond nor later than in that second, as lists and ids tell times
   */
  record Time(Instant time, boolean wholeSecond) implements RestorePoint {

    private static final DateTimeFormatter MILLIS =
        new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

    /** Whether one that was made then counts. */
    boolean covers(Instant made) {
      return !(wholeSecond ? made.truncatedTo(ChronoUnit.SECONDS) : made).isAfter(time);
    }

    @Override
    public String toString() {
      return "time:"
          + (wholeSecond || !time.equals(time.truncatedTo(ChronoUnit.SECONDS))
              ? time.toString()
              : MILLIS.format(time));
    }
  }

  /**
   * Reads {@code latest}, an id, {@code index:41415}, {@code time:2026-11-29T01:02:03Z} for the
   * last one made in that second or before, or {@code time:2026-11-29T01:02:03.250Z}, to the
   * fraction.
   *
   * @throws IllegalArgumentException when it is none of them, saying what a valid one looks like
   */
  static RestorePoint parse(String text) {
    String point = text.strip();
    try {
      if (point.equals("latest")) {
        return new Latest();
      }
      if (point.startsWith("index:")) {
        return new Index(Long.parseUnsignedLong(point.substring(6).strip()));
      }
      if (point.startsWith("time:")) {
        String time = point.substring(5).strip();
        return new Time(OffsetDateTime.parse(time).toInstant(), !time.contains("."));
      }
    } catch (NumberFormatException | DateTimeException _) {
      throw refused(text);
    }
    if (BackupId.parse(point + ".full").isEmpty()) {
      throw refused(text);
    }
    return new Id(point);
  }

  private static IllegalArgumentException refused(String text) {
    return new IllegalArgumentException(
        "'%s' is no restore point; valid are latest, index:41415, time:2026-11-29T01:02:03Z and the id of a backup"
            .formatted(text));
  }
}
