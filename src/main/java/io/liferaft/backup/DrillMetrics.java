package io.liferaft.backup;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** Whether and when this node, and the cluster, has last tried to restore the newest backup. */
final class DrillMetrics implements MeterBinder {

  private final BackupDrill drill;
  private final ClusterVerification cluster;
  private final Clock clock;

  DrillMetrics(BackupDrill drill, ClusterVerification cluster, Clock clock) {
    this.drill = drill;
    this.cluster = cluster;
    this.clock = clock;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("liferaft.backup.drill.age", this, DrillMetrics::ageSeconds)
        .description(
            "Time since this process last restored the newest backup for a trial, and it was good;"
                + " before the first time since its start")
        .baseUnit("seconds")
        .register(registry);
    Gauge.builder("liferaft.backup.drill.duration", this, DrillMetrics::durationSeconds)
        .description("How long that took; no value before")
        .baseUnit("seconds")
        .register(registry);
    Gauge.builder("liferaft.backup.drill.damaged", drill, d -> d.damaged() ? 1 : 0)
        .description("1 when the last trial found the newest backup damaged")
        .register(registry);
    Gauge.builder("liferaft.backup.verified.age", this, DrillMetrics::verifiedAgeSeconds)
        .description(
            "Time since any node last restored the newest backup for a trial, and it was good, by"
                + " the cluster's log; no value before")
        .baseUnit("seconds")
        .register(registry);
    Gauge.builder("liferaft.backup.recovery.time", this, DrillMetrics::recoverySeconds)
        .description("How long fetching and checking it took there; no value before")
        .baseUnit("seconds")
        .register(registry);
  }

  private double verifiedAgeSeconds() {
    return cluster
        .good()
        .map(good -> Math.max(0, clock.millis() - good.timeMillis()) / 1000.0)
        .orElse(Double.NaN);
  }

  private double recoverySeconds() {
    return cluster.good().map(good -> good.tookMillis() / 1000.0).orElse(Double.NaN);
  }

  double ageSeconds() {
    DrillStatus good = drill.lastGood();
    Instant since = good == null ? drill.since() : good.time();
    return Duration.between(since, clock.instant()).toMillis() / 1000.0;
  }

  double durationSeconds() {
    DrillStatus good = drill.lastGood();
    return good == null ? Double.NaN : good.took().toMillis() / 1000.0;
  }
}
