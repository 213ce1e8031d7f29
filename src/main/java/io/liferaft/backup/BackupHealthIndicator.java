package io.liferaft.backup;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** Backup trouble is told as DEGRADED: somebody has to look, but the node serves. */
final class BackupHealthIndicator extends AbstractHealthIndicator {

  static final Status DEGRADED = new Status("DEGRADED");

  private final BackupScheduler scheduler;
  private final SecondTarget second;
  private final Supplier<@Nullable DrillStatus> drill;
  private final ClusterVerification cluster;

  /**
   * @param drill the last restore drill of this process; null before it
   */
  BackupHealthIndicator(
      BackupScheduler scheduler,
      SecondTarget second,
      Supplier<@Nullable DrillStatus> drill,
      ClusterVerification cluster) {
    super("backup health cannot be told");
    this.scheduler = scheduler;
    this.second = second;
    this.drill = drill;
    this.cluster = cluster;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    BackupStatus status = scheduler.status();
    builder.up().withDetail("state", status.state());
    if (status.target() != null) {
      builder.withDetail("target", status.target());
    }
    if (status.lastTime() != null) {
      builder.withDetail("last", status.lastTime());
    }
    cluster
        .good()
        .ifPresent(good ->
            builder
                .withDetail("lastVerified", ClusterVerification.time(good))
                .withDetail("recoveryTime", Duration.ofMillis(good.tookMillis()).toString()));
    cluster
        .damaged()
        .ifPresent(damaged ->
            builder.status(DEGRADED).withDetail("damaged", ClusterVerification.sentence(damaged)));
    DrillStatus drilled = drill.get();
    if (drilled != null) {
      builder.withDetail("drill", drilled.detail());
      if (drilled.result() == DrillStatus.Result.DAMAGED) {
        builder.status(DEGRADED);
      }
    }
    if (status.problem() != null) {
      builder.status(DEGRADED).withDetail("problem", status.problem());
    }
    if (scheduler.loss() != null) {
      builder.withDetail("loss", scheduler.loss());
    }
    if (second.scheduler() != null) {
      tellSecond(builder, second.scheduler());
    }
  }

  private static void tellSecond(Health.Builder builder, BackupScheduler second) {
    BackupStatus status = second.status();
    builder.withDetail("secondState", status.state());
    if (status.target() != null) {
      builder.withDetail("secondTarget", status.target());
    }
    if (status.lastTime() != null) {
      builder.withDetail("secondLast", status.lastTime());
    }
    if (status.problem() != null) {
      builder.status(DEGRADED).withDetail("secondProblem", status.problem());
    }
    if (second.loss() != null) {
      builder.withDetail("secondLoss", second.loss());
    }
  }
}
