package io.liferaft.archive;

import io.liferaft.objectstore.ObjectInfo;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * rqlite's names of backups that are an object each: the UTC time and {@code _} before the name.
 */
final class TimestampedNames {

  private static final int DIGITS = 14;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMddHHmmss", Locale.ROOT)
          .withResolverStyle(ResolverStyle.STRICT);

  private final String folder;
  private final String suffix;

  /**
   * @param key of the place, to whose last part the time is added
   */
  TimestampedNames(String key) {
    int name = key.lastIndexOf('/') + 1;
    this.folder = key.substring(0, name);
    this.suffix = "_" + key.substring(name);
  }

  /** Of all these names, in this millennium. */
  String prefix() {
    return folder + "2";
  }

  boolean isOne(String key) {
    return time(key) != null;
  }

  private @Nullable LocalDateTime time(String key) {
    int start = folder.length();
    if (key.length() != start + DIGITS + suffix.length()
        || !key.startsWith(folder)
        || !key.endsWith(suffix)) {
      return null;
    }
    try {
      return LocalDateTime.parse(key.substring(start, start + DIGITS), TIME);
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  /** The newest by name. */
  Optional<String> newest(List<ObjectInfo> listed) {
    return listed.stream().map(ObjectInfo::key).filter(this::isOne).max(String::compareTo);
  }

  /** The newest by name that is older than another one. */
  Optional<String> before(String key, List<ObjectInfo> listed) {
    return listed.stream()
        .map(ObjectInfo::key)
        .filter(name -> isOne(name) && name.compareTo(key) < 0)
        .max(String::compareTo);
  }

  /**
   * The name of a backup that is newer than another one, also when this node's clock is behind that
   * of the node that made it.
   *
   * @param newest null for none
   */
  String next(Instant now, @Nullable String newest) {
    LocalDateTime time =
        LocalDateTime.ofInstant(now, ZoneOffset.UTC).truncatedTo(ChronoUnit.SECONDS);
    LocalDateTime before = newest == null ? null : time(newest);
    if (before != null && !time.isAfter(before)) {
      time = before.plusSeconds(1);
    }
    return folder + TIME.format(time) + suffix;
  }
}
