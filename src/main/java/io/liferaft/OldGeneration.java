package io.liferaft;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Has the serial collector look at its old generation when 32 MB have been added since it last did,
 * once a minute at most. On its own it waits until the whole heap is used: a node that takes writes
 * for minutes would hold all of it, most of it garbage, and then pause for longer.
 *
 * <p>Other collectors are left alone. {@code -XX:+DisableExplicitGC} turns it off.
 */
final class OldGeneration {

  /** The name that the serial collector gives its old generation. */
  private static final String SERIAL = "Tenured Gen";

  private static final long GROWTH_BYTES = 32L << 20;
  private static final Duration PAUSE = Duration.ofMinutes(1);

  private final MemoryPoolMXBean pool;

  OldGeneration(MemoryPoolMXBean pool) {
    this.pool = pool;
  }

  /** Starts to watch, until the process ends, if it has the serial collector. */
  static void watch() {
    pool().map(OldGeneration::new).ifPresent(OldGeneration::start);
  }

  private void start() {
    var _ =
        Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("old-generation").factory())
            .scheduleWithFixedDelay(
                this::look, PAUSE.toMillis(), PAUSE.toMillis(), TimeUnit.MILLISECONDS);
  }

  static Optional<MemoryPoolMXBean> pool() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getName().equals(SERIAL))
        .findFirst();
  }

  /** Collects if enough has been added since the last time, by whomever it was asked for. */
  void look() {
    MemoryUsage afterCollection = pool.getCollectionUsage();
    if (pool.getUsage().getUsed() - afterCollection.getUsed() > GROWTH_BYTES) {
      System.gc();
    }
  }
}
