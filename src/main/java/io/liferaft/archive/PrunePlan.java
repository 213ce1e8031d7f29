package io.liferaft.archive;

import io.liferaft.objectstore.ObjectInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What a prune is to delete: pure functions of what lies in an archive. The reasons are in
 * docs/backup-format.md, "Retention".
 */
final class PrunePlan {

  /** What is younger may belong to a backup that is being written, or restored. */
  static final Duration GRACE = Duration.ofHours(1);

  /** By how much the store's clock may run backwards from one object to the next. */
  private static final Duration SKEW = Duration.ofMinutes(1);

  private final SortedMap<BackupId, ObjectInfo> manifests;
  private final SortedMap<BackupId, ObjectInfo> packs;
  private final Instant limit;
  private final Set<BackupId> kept;

  private PrunePlan(
      SortedMap<BackupId, ObjectInfo> manifests,
      SortedMap<BackupId, ObjectInfo> packs,
      Instant limit,
      Set<BackupId> kept) {
    this.manifests = manifests;
    this.packs = packs;
    this.limit = limit;
    this.kept = kept;
  }

  /**
   * Plans a prune.
   *
   * @param newest what the pointer names
   * @param pointed when the pointer was written, by the store's clock
   * @param pinned names of backups
   */
  static PrunePlan of(
      BackupId newest,
      Instant pointed,
      SortedMap<BackupId, ObjectInfo> manifests,
      SortedMap<BackupId, ObjectInfo> packs,
      Set<String> pinned,
      RetentionPolicy policy,
      Instant now) {
    Instant limit = pointed.minus(GRACE);
    Set<String> stays = new HashSet<>(pinned);
    stays.add(newest.name());
    manifests.forEach((id, object) -> {
      if (!object.modified().isBefore(limit)) {
        stays.add(id.name());
      }
    });
    // What lies above the pointer is a history of its own: it was left behind by a leader that was
    // deposed or killed, or by the whole cluster when its disks were set back.
    Set<BackupId> kept = new TreeSet<>();
    for (boolean above : new boolean[] {false, true}) {
      List<BackupId> history =
          manifests.keySet().stream().filter(id -> id.compareTo(newest) > 0 == above).toList();
      kept.addAll(policy.keep(history, stays, now));
    }
    RetentionPolicy.addBases(kept, manifests.keySet());
    return new PrunePlan(manifests, packs, limit, kept);
  }

  /** The restore points that stay. */
  Set<BackupId> kept() {
    return kept;
  }

  /** Manifests to delete; none before one that is told against it. */
  List<BackupId> manifests() {
    List<BackupId> dropped = manifests.keySet().stream().filter(id -> !kept.contains(id)).toList();
    return Stream.concat(
            dropped.stream().filter(id -> !id.full()), dropped.stream().filter(BackupId::full))
        .toList();
  }

  /**
   * Packs to delete, once the manifests are gone.
   *
   * @param named file names of the packs that the full ones of the kept manifests name
   */
  List<BackupId> packs(Set<String> named) {
    Map<BackupId.Family, Reach> families = new HashMap<>();
    for (BackupId id : kept) {
      ObjectInfo object = manifests.get(id);
      if (object != null) {
        var _ =
            families.merge(
                id.family(),
                new Reach(id.term(), id.changeIndex(), object.modified()),
                Reach::furthest);
      }
    }
    return packs.entrySet().stream()
        .filter(pack ->
            pack.getValue().modified().isBefore(limit) && !named.contains(pack.getKey().fileName()))
        .filter(pack -> {
          Reach reach = families.get(pack.getKey().family());
          return reach == null || !reach.covers(pack.getKey(), pack.getValue().modified());
        })
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * How far the kept manifests of a family reach: only packs that were there before a manifest can
   * be in it. Names say it as long as a history goes forward, the store's times also when disks
   * were set back; a pack goes only when neither says it is needed.
   */
  private record Reach(long term, long changeIndex, Instant modified) {

    static Reach furthest(Reach one, Reach other) {
      Reach later = one.isAt(other.term, other.changeIndex) ? one : other;
      return new Reach(
          later.term,
          later.changeIndex,
          one.modified.isAfter(other.modified) ? one.modified : other.modified);
    }

    boolean covers(BackupId pack, Instant written) {
      return isAt(pack.term(), pack.changeIndex()) || !modified.plus(SKEW).isBefore(written);
    }

    private boolean isAt(long otherTerm, long otherIndex) {
      return term > otherTerm || (term == otherTerm && changeIndex >= otherIndex);
    }
  }
}
