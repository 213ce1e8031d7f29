package io.liferaft.archive;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Finds the backup that a restore point means: pure functions of the ids there are. */
final class RestorePoints {

  private RestorePoints() {}

  /**
   * Finds the backup.
   *
   * @param ids of all backups, oldest first; not empty
   * @param place for messages
   * @param made when one was made, to the fraction, which its id does not tell; asked only for
   *     those of the very second that a point names
   * @throws NoSuchPointException when there is none, saying what there is
   */
  static BackupId find(
      RestorePoint point, List<BackupId> ids, String place, Function<BackupId, Instant> made) {
    Optional<BackupId> found =
        switch (point) {
          case RestorePoint.Latest() -> Optional.of(ids.getLast());
          case RestorePoint.Id(String id) ->
              ids.stream().filter(one -> one.name().equals(id)).findFirst();
          case RestorePoint.Index(long index) -> upTo(index, ids);
          case RestorePoint.Time time -> noLater(time, ids, made);
        };
    return found.orElseThrow(() ->
        new NoSuchPointException(
            "%s holds no backup for restore point %s: the oldest is %s of %s, the newest %s of %s"
                .formatted(
                    place,
                    point,
                    ids.getFirst(),
                    ids.getFirst().created(),
                    ids.getLast(),
                    ids.getLast().created())));
  }

  private static Optional<BackupId> noLater(
      RestorePoint.Time point, List<BackupId> ids, Function<BackupId, Instant> made) {
    Instant second = point.time().truncatedTo(ChronoUnit.SECONDS);
    return ids.stream()
        .map(id -> {
          boolean read = !point.wholeSecond() && id.created().equals(second);
          return new Made(id, read ? made.apply(id) : id.created());
        })
        .filter(one -> point.covers(one.time()))
        .max(Comparator.comparing(Made::time).thenComparing(Made::id))
        .map(Made::id);
  }

  private record Made(BackupId id, Instant time) {}

  private static Optional<BackupId> upTo(long index, List<BackupId> ids) {
    Stream<BackupId> early = ids.stream().filter(id -> id.changeIndex() <= index);
    return early.max(
        Comparator.comparingInt(BackupId::ordinal)
            .thenComparingLong(BackupId::changeIndex)
            .thenComparing(id -> id));
  }
}
