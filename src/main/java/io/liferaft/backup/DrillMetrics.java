package io.liferaft.backup;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** Whether and when this node has last tried to restore the newest backup. */
final class DrillMetrics implements MeterBinder {

  private final BackupDrill drill;
  private final Clock clock;

  DrillMetrics(BackupDrill drill, Clock clock) {
    this.drill = drill;
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
