package io.liferaft.backup;

import io.liferaft.raft.LeadershipChanged;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;

/**
 * The second place that backups go to, if there is one: a scheduler of its own, which shares with
 * the first nothing that it could wait for. Whoever wants the backups' scheduler means the first.
 */
final class SecondTarget implements SmartLifecycle {

  private final @Nullable BackupScheduler scheduler;

  /**
   * @param scheduler null when there is no second target
   */
  SecondTarget(@Nullable BackupScheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Null when there is no second target. */
  @Nullable BackupScheduler scheduler() {
    return scheduler;
  }

  @EventListener
  void on(LeadershipChanged event) {
    if (scheduler != null) {
      scheduler.on(event);
    }
  }

  @Override
  public void start() {
    if (scheduler != null) {
      scheduler.start();
    }
  }

  /** Its last backup is made while the first target's is: each has the whole limit. */
  @Override
  public void stop(Runnable callback) {
    if (scheduler == null) {
      callback.run();
    } else {
      scheduler.stop(callback);
    }
  }

  @Override
  public void stop() {
    if (scheduler != null) {
      scheduler.stop();
    }
  }

  @Override
  public boolean isRunning() {
    return scheduler != null && scheduler.isRunning();
  }

  @Override
  public int getPhase() {
    return BackupScheduler.PHASE;
  }
}
