package io.liferaft.backup;

import io.liferaft.raft.RaftNode;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** How far the last good backup is behind, as every node knows it. */
final class BackupGauges implements MeterBinder {

  private final BackupScheduler scheduler;
  private final SecondTarget second;
  private final BackupPreflight preflight;
  private final RaftNode node;
  private final Clock clock;

  BackupGauges(
      BackupScheduler scheduler,
      SecondTarget second,
      BackupPreflight preflight,
      RaftNode node,
      Clock clock) {
    this.scheduler = scheduler;
    this.second = second;
    this.preflight = preflight;
    this.node = node;
    this.clock = clock;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    bind(registry, TargetRole.FIRST, scheduler);
    BackupScheduler other = second.scheduler();
    if (other != null) {
      bind(registry, TargetRole.SECOND, other);
    }
    Gauge.builder("liferaft.backup.preflight.problems", this, BackupGauges::preflightProblems)
        .description(
            "Problems that the last trial of the store found on this node; no value before it")
        .register(registry);
  }

  double preflightProblems() {
    BackupPreflight.Report report = preflight.last();
    return report == null ? Double.NaN : report.problems();
  }

  private void bind(MeterRegistry registry, TargetRole role, BackupScheduler of) {
    Gauge.builder(role.metric("age"), of, this::ageSeconds)
        .description("Age of the last good backup; no value before the first one")
        .baseUnit("seconds")
        .register(registry);
    Gauge.builder(role.metric("change.lag"), of, this::changeLag)
        .description("Log indexes between the last change of the database and the last backup's")
        .register(registry);
    Gauge.builder(role.metric("stopped"), of, s -> s.stopped() ? 1 : 0)
        .description("1 while uploads are stopped because two clusters share the target")
        .register(registry);
  }

  double ageSeconds(BackupScheduler of) {
    Instant last = of.status().lastTime();
    return last == null ? Double.NaN : Duration.between(last, clock.instant()).toMillis() / 1000.0;
  }

  double changeLag(BackupScheduler of) {
    return of.off()
        ? Double.NaN
        : Math.max(0, node.state().changeIndex() - of.status().lastChangeIndex());
  }
}
