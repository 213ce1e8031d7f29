package io.liferaft.backup;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** Backup trouble is told as DEGRADED: somebody has to look, but the node serves. */
final class BackupHealthIndicator extends AbstractHealthIndicator {

  static final Status DEGRADED = new Status("DEGRADED");

  private final BackupScheduler scheduler;
  private final Supplier<@Nullable DrillStatus> drill;

  /**
   * @param drill the last restore drill; null before it
   */
  BackupHealthIndicator(BackupScheduler scheduler, Supplier<@Nullable DrillStatus> drill) {
    super("backup health cannot be told");
    this.scheduler = scheduler;
    this.drill = drill;
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
  }
}
