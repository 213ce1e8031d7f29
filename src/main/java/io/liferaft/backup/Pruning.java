package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.PruneReport;
import io.liferaft.backup.BackupOutcome.Result;
import io.liferaft.raft.RaftNode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When old restore points are deleted: on the leader, after a round that ended well, an interval
 * after the last time. Whatever goes wrong with it is no backup's failure. For one thread, but for
 * {@link #interrupt}.
 */
final class Pruning {

  private static final Logger log = LoggerFactory.getLogger(Pruning.class);

  private final @Nullable BackupArchive archive;
  private final BackupProperties.Retention retention;
  private final RaftNode node;
  private final Clock clock;
  private final BackupMetrics metrics;

  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Thread pruning;
  private boolean interrupted;
  private boolean stopped;

  private @Nullable Long leading;
  private Instant last = Instant.MIN;
  private boolean more;

  /**
   * @param archive null when backup is off
   */
  Pruning(
      @Nullable BackupArchive archive,
      BackupProperties.Retention retention,
      RaftNode node,
      Clock clock,
      BackupMetrics metrics) {
    this.archive = archive;
    this.retention = retention;
    this.node = node;
    this.clock = clock;
    this.metrics = metrics;
  }

  /**
   * Prunes if it is due after a round.
   *
   * @param inOrder whether there was nothing to do because the newest backup is as it should be
   * @param term in which this node leads; null when it does not
   */
  void after(Result result, boolean inOrder, @Nullable Long term) {
    Instant now = clock.instant();
    if (term == null || !term.equals(leading) || now.isBefore(last)) {
      leading = term;
      last = now;
      more = false;
    }
    boolean well = result == Result.OK || result == Result.RECORDED || inOrder;
    boolean due = more || Duration.between(last, now).compareTo(retention.interval()) >= 0;
    BackupArchive place = archive;
    if (place != null && term != null && well && due && retention.delete()) {
      last = now;
      more = false;
      prune(place, now);
    }
  }

  private void prune(BackupArchive place, Instant now) {
    if (!begin()) {
      return;
    }
    try {
      if (node.confirmLeadership()) {
        report(place.location(), place.prune(retention.policy(), now, false));
      }
    } catch (RuntimeException e) {
      failed(e.getMessage());
    } finally {
      end();
    }
  }

  private void report(String location, PruneReport report) {
    metrics.pruned(report.backups().size(), report.packs().size());
    if (!report.backups().isEmpty() || !report.packs().isEmpty()) {
      log.info(
          "Pruned {}: {} restore points and {} packs of {} bytes deleted, {} restore points kept",
          location,
          report.backups().size(),
          report.packs().size(),
          report.packBytes(),
          report.kept());
    }
    if (report.problem() == null) {
      more = report.more();
    } else {
      failed(report.problem());
    }
  }

  private void failed(@Nullable String why) {
    if (Thread.currentThread().isInterrupted()) {
      log.debug("Pruning was interrupted: {}", why);
      return;
    }
    metrics.pruneFailed();
    log.warn(
        "Pruning did not go to its end and is tried again in {}: {}", retention.interval(), why);
  }

  /** From now on prunes may begin. */
  void allow() {
    lock.lock();
    try {
      stopped = false;
    } finally {
      lock.unlock();
    }
  }

  /** Ends a prune under way, which a last backup must not wait for, and lets none begin. */
  void interrupt() {
    lock.lock();
    try {
      stopped = true;
      if (pruning != null) {
        interrupted = true;
        pruning.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean begin() {
    lock.lock();
    try {
      if (stopped) {
        return false;
      }
      pruning = Thread.currentThread();
      interrupted = false;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The interrupt was meant for the prune alone. */
  private void end() {
    lock.lock();
    try {
      pruning = null;
      if (interrupted) {
        var _ = Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }
}
