package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDecision.Copied;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that most of a database is gone, from one backup to the next or little by little since
 * this process made its first one, and then keeps what was backed up before. A mistake of a client
 * is backed up like everything else; that it was one shows later than a retention may wait.
 */
final class SuddenLoss {

  private static final Logger log = LoggerFactory.getLogger(SuddenLoss.class);

  /** Of what was in use, less than this part is left. */
  private static final int LEFT = 10;

  /** Smaller ones come and go, in trials above all. */
  static final long LEAST_BYTES = 64 << 10;

  private final BackupArchive archive;
  private final BackupMetrics metrics;
  private long most;

  SuddenLoss(BackupArchive archive, BackupMetrics metrics) {
    this.archive = archive;
    this.metrics = metrics;
  }

  /**
   * Before a backup is made: what it would come after is kept if the new one holds so much less.
   *
   * @param before the newest backup there; null for none
   */
  void keep(@Nullable StoredBackup before, Copied copied, CopyDigest digest) {
    if (before == null || !copied.clusterId().equals(before.manifest().clusterId())) {
      return;
    }
    long had = Math.max(most, before.manifest().usedBytes());
    long has = digest.usedBytes();
    if (has < 0 || had < LEAST_BYTES || has * LEFT >= had) {
      return;
    }
    String kept = archive.keepUpTo(before);
    log.warn(
        "The database has lost most of its content since it was backed up: {} bytes were in use,"
            + " {} are. The new backup is made, and what was there before stays at {} until you say"
            + " otherwise: {}",
        had,
        has,
        archive.location(),
        kept);
    metrics.lost();
    most = 0;
  }

  /** After a backup was made. */
  void made(CopyDigest digest) {
    most = Math.max(most, digest.usedBytes());
  }
}
