package io.liferaft.archive;

import io.liferaft.archive.ManifestStore.Seen;
import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Deletes what an archive need not keep: manifests first, so that no restore point is ever without
 * its chunks, then packs. Safe for many threads, though only the leader's is to delete.
 */
final class ArchivePruner {

  /** The rest is for the next time: a backup may be due. */
  static final int MOST_DELETED = 500;

  /** How long manifests are read in one go, for the same reason. */
  static final Duration MOST_READING = Duration.ofSeconds(20);

  private final ObjectStore store;
  private final ManifestStore manifests;
  private final Pins pins;
  private final String location;
  private final LongSupplier nanos;

  /** What manifests name; they never change. */
  private final ConcurrentMap<BackupId, Set<String>> named = new ConcurrentHashMap<>();

  /** Many manifests name the same packs. */
  private final ConcurrentMap<String, String> names = new ConcurrentHashMap<>();

  /**
   * @param nanos a clock that only goes forward
   */
  ArchivePruner(
      ObjectStore store, ManifestStore manifests, Pins pins, String location, LongSupplier nanos) {
    this.nanos = nanos;
    this.store = store;
    this.manifests = manifests;
    this.pins = pins;
    this.location = location;
  }

  /** An object that goes. */
  private record Doomed(BackupId id, ObjectInfo object, boolean pack) {}

  PruneReport prune(RetentionPolicy policy, Instant now, boolean dryRun) {
    Seen seen;
    try {
      Optional<Seen> pointer = manifests.pointer();
      if (pointer.isEmpty()) {
        return PruneReport.nothing(
            dryRun, "Nothing of " + location + " is deleted: no " + manifests.pointerKey());
      }
      seen = pointer.get();
    } catch (CorruptBackupException e) {
      return PruneReport.nothing(
          dryRun, "Nothing of " + location + " is deleted: " + e.getMessage());
    }
    SortedMap<BackupId, ObjectInfo> there = manifests.manifestObjects();
    // Where a store keeps no conditions the pointer may be an older one than it should.
    boolean highest = !seen.pointer().conditional() && !there.isEmpty();
    BackupId newest = highest ? there.lastKey() : seen.pointer().id();
    if (!there.containsKey(newest)) {
      return PruneReport.nothing(
          dryRun, "Nothing of " + location + " is deleted: the newest backup is not there");
    }
    SortedMap<BackupId, ObjectInfo> packs = manifests.packObjects();
    Set<String> marks = pins.marks();
    Set<String> pinned = Pins.among(there.keySet(), marks);
    PrunePlan plan =
        PrunePlan.of(newest, seen.object().modified(), there, packs, pinned, policy, now);
    List<Doomed> doomed = new ArrayList<>();
    plan.manifests().forEach(id -> add(doomed, there, id, false));
    String problem = null;
    boolean read = true;
    try {
      read = readNames(plan.kept(), newest);
      String missing = missing(newest, packs);
      if (missing != null) {
        return PruneReport.nothing(
            dryRun,
            "Nothing of %s is deleted: the newest backup needs pack %s, which is not there"
                .formatted(location, missing));
      }
      if (read) {
        plan.packs(names()).forEach(id -> add(doomed, packs, id, true));
      }
    } catch (CorruptBackupException | ObjectStoreException e) {
      problem = "No pack of " + location + " is deleted: " + e.getMessage();
    }
    // Reading manifests may have taken a while.
    if (!dryRun && !marks.equals(pins.marks())) {
      return PruneReport.nothing(
          false, "Nothing of " + location + " is deleted: pins were set meanwhile");
    }
    return dryRun
        ? report(true, plan, doomed, doomed.size(), !read, problem)
        : delete(plan, doomed, !read, problem);
  }

  /** A pack that the newest backup needs and that is not there: then older ones are needed. */
  private @Nullable String missing(BackupId newest, SortedMap<BackupId, ObjectInfo> packs) {
    Set<String> there = packs.keySet().stream().map(BackupId::fileName).collect(Collectors.toSet());
    for (Map.Entry<BackupId, Set<String>> entry : named.entrySet()) {
      if (entry.getKey().equals(newest) || entry.getKey().isBaseOf(newest)) {
        for (String pack : entry.getValue()) {
          if (!there.contains(pack)) {
            return pack;
          }
        }
      }
    }
    return null;
  }

  private static void add(
      List<Doomed> doomed, SortedMap<BackupId, ObjectInfo> objects, BackupId id, boolean pack) {
    ObjectInfo object = objects.get(id);
    if (object != null) {
      doomed.add(new Doomed(id, object, pack));
    }
  }

  /**
   * Reads which packs the full manifests name, and the newest one, which is to be whole whatever
   * becomes of the others. What has been read stays known for the next time.
   *
   * @return false when time was up before all were read, though never before the newest was
   */
  private boolean readNames(Set<BackupId> kept, BackupId newest) {
    Set<BackupId> wanted = kept.stream().filter(BackupId::full).collect(Collectors.toSet());
    wanted.add(newest);
    named.keySet().retainAll(wanted);
    List<BackupId> unread =
        wanted.stream()
            .filter(id -> !named.containsKey(id))
            .sorted(Comparator.comparing(id -> !(id.equals(newest) || id.isBaseOf(newest))))
            .toList();
    long begun = nanos.getAsLong();
    for (BackupId id : unread) {
      boolean needed = id.equals(newest) || id.isBaseOf(newest);
      boolean over =
          nanos.getAsLong() - begun > MOST_READING.toNanos()
              || Thread.currentThread().isInterrupted();
      if (over && !needed) {
        return false;
      }
      named.put(id, shared(manifests.packNames(id)));
    }
    return true;
  }

  private Set<String> names() {
    Set<String> all = new HashSet<>();
    named.values().forEach(all::addAll);
    names.keySet().retainAll(all);
    return all;
  }

  private Set<String> shared(Set<String> packs) {
    return packs.stream()
        .map(name -> names.computeIfAbsent(name, same -> same))
        .collect(Collectors.toUnmodifiableSet());
  }

  private PruneReport delete(
      PrunePlan plan, List<Doomed> doomed, boolean unread, @Nullable String problem) {
    int count = 0;
    String stopped = problem;
    for (Doomed one : doomed) {
      if (count == MOST_DELETED || Thread.currentThread().isInterrupted()) {
        break;
      }
      try {
        store.delete(one.object().key());
      } catch (ObjectStoreException e) {
        stopped = "Pruning " + location + " broke off: " + e.getMessage();
        break;
      }
      count++;
    }
    return report(false, plan, doomed, count, unread, stopped);
  }

  private static PruneReport report(
      boolean dryRun,
      PrunePlan plan,
      List<Doomed> doomed,
      int count,
      boolean unread,
      @Nullable String problem) {
    List<Doomed> gone = doomed.subList(0, count);
    return new PruneReport(
        dryRun,
        plan.kept().size(),
        gone.stream().filter(one -> !one.pack()).map(one -> one.id().name()).toList(),
        gone.stream().filter(Doomed::pack).map(one -> one.id().fileName()).toList(),
        gone.stream().filter(Doomed::pack).mapToLong(one -> one.object().sizeBytes()).sum(),
        unread || count < doomed.size(),
        problem);
  }

  /** Deletes the manifest of one restore point that nothing else needs. */
  void delete(String name) {
    BackupId newest;
    try {
      newest =
          manifests
              .pointer()
              .orElseThrow(() -> refused("there is no " + manifests.pointerKey()))
              .pointer()
              .id();
    } catch (CorruptBackupException e) {
      throw refused(e.getMessage());
    }
    List<BackupId> ids = manifests.ids();
    BackupId id =
        ids.stream()
            .filter(one -> one.name().equals(name))
            .findFirst()
            .orElseThrow(() -> Pins.unknown(name));
    if (id.equals(newest) || id.equals(ids.getLast())) {
      throw refused(name + " is the newest backup");
    }
    if (pins.among(List.of(id)).contains(name)) {
      throw refused(
          name + " is pinned, or older than one that is pinned with all before it (keptWith)");
    }
    long others = ids.stream().filter(id::isBaseOf).count();
    if (others > 0) {
      throw refused(others + " others are told against " + name);
    }
    store.delete(manifests.manifestKey(id));
  }

  private ObjectStoreException refused(@Nullable String why) {
    return new ObjectStoreException(
        Reason.CONFIGURATION, "Nothing of " + location + " is deleted: " + why, null);
  }
}
