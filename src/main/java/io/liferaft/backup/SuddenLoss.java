package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDecision.Copied;
import io.liferaft.objectstore.ObjectStoreException;
import java.time.Duration;
import java.time.Instant;
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

  /** How often an archive is asked whether an operator has let go what was kept. */
  private static final Duration LOOK = Duration.ofMinutes(1);

  private final BackupArchive archive;
  private final BackupMetrics metrics;
  private long most;

  private @Nullable Long lookedIn;
  private Instant nextLook = Instant.MIN;
  private volatile @Nullable String told;

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
    String sentence =
        "The database has lost most of its content since it was backed up: %d bytes were in use, %d are. The new backup is made, and what was there before stays at %s until you say otherwise: %s"
            .formatted(had, has, archive.location(), kept);
    told = sentence;
    log.warn("{}", sentence);
    metrics.lost();
    most = 0;
  }

  /**
   * On the leader, each round: asks an archive once a term whether another leader has kept what was
   * there, and then, while something is kept, once a minute whether it still is.
   */
  void look(long term, Instant now) {
    boolean due = lookedIn == null || lookedIn != term || told != null;
    if (!archive.keepsEarlier() || !due || now.isBefore(nextLook)) {
      return;
    }
    nextLook = now.plus(LOOK);
    try {
      String holder = archive.keptWithOlder().orElse(null);
      lookedIn = term;
      String before = told;
      if (holder == null) {
        told = null;
      } else if (before == null || !before.contains(holder)) {
        told =
            "The database lost most of its content after %s was made, which is kept at %s with all older ones until you say otherwise"
                .formatted(holder, archive.location());
      }
    } catch (ObjectStoreException e) {
      log.debug("Whether anything is kept at {} is not known now", archive.location(), e);
    }
  }

  /** What is kept and why, until an operator lets it go; null for nothing. */
  @Nullable String told() {
    return told;
  }

  /** After a backup was made. */
  void made(CopyDigest digest) {
    most = Math.max(most, digest.usedBytes());
  }
}
