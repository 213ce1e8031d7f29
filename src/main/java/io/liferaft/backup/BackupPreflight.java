package io.liferaft.backup;

import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.objectstore.PreflightFinding.Result;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Tries soon after the start, on every node, what backups will ask of their store, and again every
 * ten minutes while something is wrong. What it finds is told and has no effect: backups go on, or
 * fail, as they would without it.
 */
final class BackupPreflight implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(BackupPreflight.class);

  /** The start has the machine for itself. */
  private static final Duration AFTER_START = Duration.ofSeconds(2);

  private static final Duration WHILE_WRONG = Duration.ofMinutes(10);
  private static final Duration NEVER = Duration.ofDays(36_500);

  private final boolean atStart;
  private final String target;
  private final @Nullable Supplier<List<PreflightFinding>> trial;
  private final Clock clock;
  private final ReentrantLock trying = new ReentrantLock();
  private final BackupThread thread =
      new BackupThread("liferaft-preflight", "The preflight", this::step, () -> {});
  private volatile boolean running;
  private volatile boolean stopping;
  private boolean begun;
  private volatile @Nullable Report last;

  /**
   * @param atStart false for only on demand
   * @param target where backups go, for logs
   * @param trial null when backup is off
   */
  BackupPreflight(
      boolean atStart,
      String target,
      @Nullable Supplier<List<PreflightFinding>> trial,
      Clock clock) {
    this.atStart = atStart;
    this.target = target;
    this.trial = trial;
    this.clock = clock;
  }

  /**
   * One look at the store.
   *
   * @param time when it was over
   */
  record Report(Instant time, List<PreflightFinding> findings) {

    long problems() {
      return findings.stream().filter(finding -> finding.result() == Result.PROBLEM).count();
    }
  }

  boolean off() {
    return trial == null;
  }

  String target() {
    return target;
  }

  /** The last one of this process; null before it. */
  @Nullable Report last() {
    return last;
  }

  /**
   * Tries now, or as soon as another try has ended, for example the one after the start.
   *
   * @param patience how long to wait for that
   * @return empty when another still tries, when this node is stopping, or when backup is off
   */
  Optional<Report> tryNow(Duration patience) {
    Supplier<List<PreflightFinding>> tried = trial;
    if (tried == null || !begins(patience)) {
      return Optional.empty();
    }
    try {
      List<PreflightFinding> findings = tried.get();
      if (stopping) {
        return Optional.empty(); // what the stop has broken off is no trouble of the store
      }
      Report report = new Report(clock.instant(), findings);
      last = report;
      tell(report);
      return Optional.of(report);
    } finally {
      trying.unlock();
    }
  }

  private boolean begins(Duration patience) {
    try {
      return trying.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void tell(Report report) {
    long problems = report.problems();
    if (problems == 0) {
      log.info("Preflight of {}: {} checks, no problem", target, report.findings().size());
      return;
    }
    for (PreflightFinding finding : report.findings()) {
      if (finding.result() == Result.PROBLEM) {
        log.warn(
            "Preflight of {}: {}: {}. {}",
            target,
            finding.check(),
            finding.detail(),
            finding.advice());
      }
    }
  }

  private Duration step() {
    if (!begun) {
      begun = true;
      return AFTER_START;
    }
    return tryNow(Duration.ZERO)
        .map(report -> report.problems() == 0 ? NEVER : WHILE_WRONG)
        .orElse(WHILE_WRONG);
  }

  @Override
  public void start() {
    stopping = false;
    running = true;
    if (atStart && trial != null) {
      thread.start();
    }
  }

  @Override
  public void stop() {
    stopping = true;
    running = false;
    thread.stop(Duration.ZERO);
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return BackupScheduler.PHASE;
  }
}
