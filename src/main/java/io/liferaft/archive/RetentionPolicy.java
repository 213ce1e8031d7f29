package io.liferaft.archive;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAdjusters;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToLongFunction;

/**
 * Which restore points stay: pure functions of their ids. Periods are counted from the newest
 * restore point that has one, not from now, so that a database at rest loses nothing.
 *
 * @param keepAll every restore point younger than this
 * @param hourly the newest of each hour, for so many hours that have one
 * @param daily the newest of each day, UTC
 * @param weekly the newest of each week, from Monday
 * @param monthly the newest of each month
 * @param minimum so many of the newest in any case, at least 1
 */
public record RetentionPolicy(
    Duration keepAll, int hourly, int daily, int weekly, int monthly, int minimum) {

  private static final long HOUR_SECONDS = 3600;

  public RetentionPolicy {
    if (keepAll.isNegative()
        || hourly < 0
        || daily < 0
        || weekly < 0
        || monthly < 0
        || minimum < 1) {
      throw new IllegalArgumentException("a retention that is negative or keeps nothing");
    }
  }

  /**
   * The restore points that stay, with those that their manifests are told against. Always the
   * newest. An earlier {@code now} keeps no less; ids from its future all stay and take no other
   * one's place.
   *
   * @param all in any order
   * @param pinned names of restore points that stay in any case
   */
  public Set<BackupId> keep(List<BackupId> all, Set<String> pinned, Instant now) {
    List<BackupId> sorted = all.stream().sorted().toList();
    Set<BackupId> kept = new TreeSet<>();
    List<BackupId> past = new ArrayList<>();
    for (BackupId id : sorted) {
      if (!id.created().isAfter(now)) {
        past.add(id);
      }
      boolean young = Duration.between(id.created(), now).compareTo(keepAll) < 0;
      if (young || id.created().isAfter(now) || pinned.contains(id.name())) {
        kept.add(id);
      }
    }
    if (!sorted.isEmpty()) {
      kept.add(sorted.getLast());
    }
    kept.addAll(past.subList(Math.max(0, past.size() - minimum), past.size()));
    newestOfEach(past, hourly, RetentionPolicy::hour, kept);
    newestOfEach(past, daily, time -> date(time).toEpochDay(), kept);
    newestOfEach(past, weekly, RetentionPolicy::week, kept);
    newestOfEach(past, monthly, time -> date(time).getLong(ChronoField.PROLEPTIC_MONTH), kept);
    addBases(kept, sorted);
    return kept;
  }

  private static void newestOfEach(
      List<BackupId> sorted, int count, ToLongFunction<Instant> period, Set<BackupId> kept) {
    Map<Long, BackupId> newest = new TreeMap<>(Comparator.reverseOrder());
    sorted.forEach(id -> newest.put(period.applyAsLong(id.created()), id));
    newest.values().stream().limit(count).forEach(kept::add);
  }

  private static long hour(Instant time) {
    return Math.floorDiv(time.getEpochSecond(), HOUR_SECONDS);
  }

  private static long week(Instant time) {
    return date(time).with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY)).toEpochDay();
  }

  private static LocalDate date(Instant time) {
    return LocalDate.ofInstant(time, ZoneOffset.UTC);
  }

  /** A restore point is worth nothing without the one that its manifest is told against. */
  static void addBases(Set<BackupId> kept, Collection<BackupId> all) {
    Map<BackupId.Family, List<BackupId>> full = new HashMap<>();
    for (BackupId id : all) {
      if (id.full()) {
        full.computeIfAbsent(id.family(), _ -> new ArrayList<>()).add(id);
      }
    }
    for (BackupId id : List.copyOf(kept)) {
      kept.addAll(full.getOrDefault(id.family(), List.of()));
    }
  }
}
