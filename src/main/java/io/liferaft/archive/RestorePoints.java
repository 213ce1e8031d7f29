package io.liferaft.archive;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the backup that a restore point means: pure functions of the ids there are. */
final class RestorePoints {

  private RestorePoints() {}

  /**
   * Finds the backup.
   *
   * @param ids of all backups, oldest first; not empty
   * @param place for messages
   * @throws NoSuchPointException when there is none, saying what there is
   */
  static BackupId find(RestorePoint point, List<BackupId> ids, String place) {
    Optional<BackupId> found =
        switch (point) {
          case RestorePoint.Latest() -> Optional.of(ids.getLast());
          case RestorePoint.Id(String id) ->
              ids.stream().filter(one -> one.name().equals(id)).findFirst();
          case RestorePoint.Index(long index) -> upTo(index, ids);
          case RestorePoint.Time(var time) ->
              ids.stream()
                  .filter(one -> !one.created().isAfter(time))
                  .max(Comparator.comparing(BackupId::created).thenComparing(one -> one));
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

  private static Optional<BackupId> upTo(long index, List<BackupId> ids) {
    Stream<BackupId> early = ids.stream().filter(id -> id.changeIndex() <= index);
    return early.max(
        Comparator.comparingInt(BackupId::ordinal)
            .thenComparingLong(BackupId::changeIndex)
            .thenComparing(id -> id));
  }
}
