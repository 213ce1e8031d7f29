package io.liferaft.archive;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names a restore point of an archive: {@code
 * 000001-1f3c9a2b-00000005-00000000a1b2-20261129T010203Z-9c31e0aa}. Names sort by the order of
 * generations, then term, then change index.
 *
 * @param ordinal of the generation in this archive, from 1
 * @param generation the first eight characters of the generation's id
 * @param term of the leader that wrote it
 * @param changeIndex of the database
 * @param created to the second
 * @param random tells attempts at the same state apart
 * @param base {@code random} of the backup whose manifest this one's is told against; null when it
 *     is told whole
 */
public record BackupId(
    int ordinal,
    String generation,
    long term,
    long changeIndex,
    Instant created,
    String random,
    @Nullable String base)
    implements Comparable<BackupId> {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private static final Pattern FILE =
      Pattern.compile(
          "([0-9a-f]{6})-([0-9a-z]{8})-([0-9a-f]{8})-([0-9a-f]{12})-([0-9]{8}T[0-9]{6}Z)"
              + "-([0-9a-f]{8})(?:\\.full|\\.on-([0-9a-f]{8}))");

  private static final Comparator<BackupId> ORDER =
      Comparator.comparingInt(BackupId::ordinal)
          .thenComparing(BackupId::generation)
          .thenComparingLong(BackupId::term)
          .thenComparingLong(BackupId::changeIndex)
          .thenComparing(BackupId::created)
          .thenComparing(BackupId::random)
          .thenComparing(id -> id.base() == null ? "" : id.base());

  /**
   * A full manifest and all that are told against it.
   *
   * @param random of the full one
   */
  record Family(int ordinal, String generation, String random) {}

  public BackupId {
    created = created.truncatedTo(ChronoUnit.SECONDS);
  }

  /** Eight characters that stand for a generation in names. */
  static String shortGeneration(@Nullable String generation) {
    String known = generation == null ? "" : generation.toLowerCase(Locale.ROOT);
    return (known.replaceAll("[^0-9a-z]", "") + "00000000").substring(0, 8);
  }

  /** The name that users see and give. */
  public String name() {
    return "%06x-%s-%08x-%012x-%s-%s"
        .formatted(ordinal, generation, term, changeIndex, TIME.format(created), random);
  }

  /** Whether its manifest stands alone. */
  boolean full() {
    return base == null;
  }

  /** The name with what its manifest is told against: objects are called after it. */
  String fileName() {
    return name() + (base == null ? ".full" : ".on-" + base);
  }

  /** Takes {@link #fileName} apart; empty when it is none. */
  static Optional<BackupId> parse(String fileName) {
    Matcher parts = FILE.matcher(fileName);
    if (!parts.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new BackupId(
              Integer.parseInt(parts.group(1), 16),
              parts.group(2),
              Long.parseLong(parts.group(3), 16),
              Long.parseLong(parts.group(4), 16),
              TIME.parse(parts.group(5), Instant::from),
              parts.group(6),
              parts.group(7)));
    } catch (DateTimeException _) {
      return Optional.empty();
    }
  }

  /** Whether a manifest of that name may be told against this one's. */
  boolean isBaseOf(BackupId other) {
    return full()
        && random.equals(other.base)
        && ordinal == other.ordinal
        && generation.equals(other.generation);
  }

  /** The same for a full manifest and all that are told against it. */
  Family family() {
    return new Family(ordinal, generation, base == null ? random : base);
  }

  /** As the names sort. */
  @Override
  public int compareTo(BackupId other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return name();
  }
}
