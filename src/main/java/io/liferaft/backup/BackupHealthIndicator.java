package io.liferaft.backup;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** Backup trouble is told as DEGRADED: somebody has to look, but the node serves. */
final class BackupHealthIndicator extends AbstractHealthIndicator {

  static final Status DEGRADED = new Status("DEGRADED");

  private final BackupScheduler scheduler;

  BackupHealthIndicator(BackupScheduler scheduler) {
    super("backup health cannot be told");
    this.scheduler = scheduler;
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
    if (status.problem() != null) {
      builder.status(DEGRADED).withDetail("problem", status.problem());
    }
  }
}
