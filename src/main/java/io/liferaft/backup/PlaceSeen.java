package io.liferaft.backup;

import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDecision.Seen;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What this leader knows of the place without asking, and when it has to ask again. For one thread
 * at a time.
 */
final class PlaceSeen {

  /**
   * How long a request that a deposed leader had sent may still take effect: as long as the slowest
   * body of one request is given, and some more.
   */
  static final Duration STRAGGLER = Duration.ofMinutes(3);

  private long term = -1;
  private @Nullable Seen seen;
  private boolean uploaded;
  private @Nullable Instant again;

  long term() {
    return term;
  }

  /** Whether the term is a new one; what an earlier one has seen counts for nothing then. */
  boolean enter(long leaderTerm) {
    if (leaderTerm == term) {
      return false;
    }
    term = leaderTerm;
    seen = null;
    uploaded = false;
    again = null;
    return true;
  }

  /** Null when the place has to be asked. */
  @Nullable Seen seen() {
    return seen;
  }

  /** What has been seen counts no more when it is time to look again. */
  void refresh(Instant now) {
    Instant due = again;
    if (due != null && !now.isBefore(due)) {
      again = null;
      seen = null;
    }
  }

  void saw(@Nullable StoredBackup stored) {
    seen = new Seen(stored);
  }

  void forget() {
    seen = null;
  }

  /** Whether this term has made a backup visible. */
  boolean uploaded() {
    return uploaded;
  }

  /**
   * The term's first upload has been recorded. A store that ignores conditions shows a second
   * writer only to who looks again: at once for another cluster, later for a leader that was
   * stopped in the middle of a request.
   */
  void lookAgain(Instant now) {
    uploaded = true;
    seen = null;
    again = now.plus(STRAGGLER);
  }
}
