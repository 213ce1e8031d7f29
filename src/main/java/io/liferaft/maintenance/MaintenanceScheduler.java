package io.liferaft.maintenance;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Every node counts its own intervals from its start, and does nothing when one ends while another
 * node leads: so a change of leaders neither puts a turn off for ever nor brings one at once.
 */
final class MaintenanceScheduler implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(MaintenanceScheduler.class);

  private final MaintenanceProperties properties;
  private final Maintenance maintenance;
  private volatile @Nullable ScheduledExecutorService thread;

  MaintenanceScheduler(MaintenanceProperties properties, Maintenance maintenance) {
    this.properties = properties;
    this.maintenance = maintenance;
  }

  @Override
  public void start() {
    ScheduledExecutorService own =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("liferaft-maintenance").factory());
    schedule(own, "VACUUM", maintenance::vacuum, properties.vacuumInterval());
    schedule(own, "ANALYZE", maintenance::analyze, properties.analyzeInterval());
    thread = own;
  }

  private static void schedule(
      ScheduledExecutorService on, String what, Runnable work, Duration interval) {
    if (interval.isZero()) {
      return;
    }
    Runnable logged =
        () -> {
          try {
            work.run();
          } catch (RuntimeException e) {
            log.warn("{} did not come about, the next attempt is in {}", what, interval, e);
          }
        };
    long nanos = interval.toNanos();
    var _ = on.scheduleWithFixedDelay(logged, nanos, nanos, TimeUnit.NANOSECONDS);
  }

  /** What is under way in the log goes on without this node's waiting for it. */
  @Override
  public void stop() {
    ScheduledExecutorService own = thread;
    if (own != null) {
      var _ = own.shutdownNow();
      thread = null;
    }
  }

  @Override
  public boolean isRunning() {
    return thread != null;
  }

  /** Stops before backup, so that the last one has all. */
  @Override
  public int getPhase() {
    return 2000;
  }
}
