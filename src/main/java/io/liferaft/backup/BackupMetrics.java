package io.liferaft.backup;

import io.liferaft.backup.BackupOutcome.Result;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** What the rounds came to. The gauges of the state are in {@link BackupGauges}. */
final class BackupMetrics {

  private final Map<Result, Counter> results = new EnumMap<>(Result.class);
  private final Timer duration;
  private final Counter bytes;
  private final Counter checks;
  private final Counter copies;
  private final Counter failedCopies;
  private final Counter unchanged;
  private final Counter recognised;
  private final Counter blind;
  private final Counter prunedManifests;
  private final Counter prunedPacks;
  private final Counter failedPrunes;
  private final Counter losses;
  private final AtomicLong lastBytes = new AtomicLong();

  BackupMetrics(MeterRegistry registry, TargetRole role) {
    for (Result result : Result.values()) {
      results.put(
          result,
          Counter.builder(role.metric("results"))
              .description("Backup rounds by what they came to")
              .tag("result", result.tag())
              .register(registry));
    }
    duration =
        Timer.builder(role.metric("duration"))
            .description("Time from the copy to the record of a complete backup")
            .register(registry);
    bytes =
        Counter.builder(role.metric("bytes"))
            .description("Bytes stored by complete backups")
            .baseUnit("bytes")
            .register(registry);
    copies =
        Counter.builder(role.metric("copies"))
            .description("Times the database, or what had changed of it, was read for a backup")
            .register(registry);
    failedCopies =
        Counter.builder(role.metric("copies.failed"))
            .description("Times that reading the database for a backup broke off")
            .register(registry);
    checks =
        Counter.builder(role.metric("checks"))
            .description("Rounds of the leader, in which it looks whether a backup is due")
            .register(registry);
    unchanged = unchanged(registry, role, "index");
    recognised = unchanged(registry, role, "object");
    blind =
        Counter.builder(role.metric("look.failures"))
            .description("Times the place did not say what lies there")
            .register(registry);
    prunedManifests = pruned(registry, role, "manifests");
    prunedPacks = pruned(registry, role, "packs");
    failedPrunes =
        Counter.builder(role.metric("prune.failed"))
            .description("Times that deleting old restore points did not go to its end")
            .register(registry);
    losses =
        Counter.builder(role.metric("losses"))
            .description(
                "Times that a database had lost most of its content when it was backed up, and older"
                    + " backups were kept for it")
            .register(registry);
    Gauge.builder(role.metric("last.bytes"), lastBytes, AtomicLong::get)
        .description("Bytes stored by this process' last backup; 0 before the first one")
        .baseUnit("bytes")
        .register(registry);
  }

  void lost() {
    losses.increment();
  }

  void result(Result result) {
    counter(result).increment();
  }

  long count(Result result) {
    return (long) counter(result).count();
  }

  void checking() {
    checks.increment();
  }

  void copying() {
    copies.increment();
  }

  void copyFailed() {
    failedCopies.increment();
  }

  void uploaded(Duration took, long storedBytes) {
    duration.record(took);
    bytes.increment((double) storedBytes);
    lastBytes.set(storedBytes);
  }

  /** Nothing to do, without a look at the place. */
  void unchanged() {
    unchanged.increment();
  }

  /** The place was looked at, and holds what this node would have uploaded. */
  void recognised() {
    recognised.increment();
  }

  void lookFailed() {
    blind.increment();
  }

  void pruned(int manifests, int packs) {
    prunedManifests.increment(manifests);
    prunedPacks.increment(packs);
  }

  void pruneFailed() {
    failedPrunes.increment();
  }

  private static Counter pruned(MeterRegistry registry, TargetRole role, String kind) {
    return Counter.builder(role.metric("pruned"))
        .description("Objects of old restore points that were deleted")
        .tag("kind", kind)
        .register(registry);
  }

  private static Counter unchanged(MeterRegistry registry, TargetRole role, String by) {
    return Counter.builder(role.metric("unchanged"))
        .description("Rounds of the leader in which the newest backup was up to date")
        .tag("by", by)
        .register(registry);
  }

  private Counter counter(Result result) {
    Counter counter = results.get(result);
    if (counter == null) {
      throw new IllegalArgumentException("no counter for " + result);
    }
    return counter;
  }
}
