package io.liferaft.raft;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a node does about a database that SQLite calls malformed. Opening it again from its record
 * mends what only the WAL or memory had. If the same entries meet it again, the file itself is bad:
 * then another node's copy helps, but only when the leader has got past these entries, or all nodes
 * would throw away the same data one after the other. Called by the apply and the opening thread.
 */
final class Corruption {

  private static final Duration FIRST = Duration.ofSeconds(1);
  private static final int MOST_DOUBLINGS = 6;

  private int times;
  private long first;
  private long upTo = -1;
  private String message = "";

  /**
   * SQLite has said CORRUPT.
   *
   * @param applied what had been applied before
   * @param committed what could be applied: the entry at fault is one of those in between
   */
  synchronized void met(long applied, long committed, String said) {
    if (applied > upTo || times == 0) {
      times = 0;
      first = applied;
    }
    times++;
    first = Math.max(first, applied);
    upTo = Math.max(committed, applied + 1);
    message = said;
  }

  /** Whether opening again has not helped. */
  synchronized boolean stays() {
    return times > 1;
  }

  /** Whether it is the first time that this can be said. */
  synchronized boolean isNews() {
    return times <= 2;
  }

  /** The last entry that could be applied. */
  synchronized long lastApplied() {
    return first;
  }

  /** How long to wait before opening again. */
  synchronized Duration pause() {
    return FIRST.multipliedBy(1L << Math.min(Math.max(0, times - 1), MOST_DOUBLINGS));
  }

  /** A sound copy has come, or these entries have been applied after all. */
  synchronized void over() {
    times = 0;
    upTo = -1;
  }

  /** What to say about it; null when there is nothing to say any more. */
  synchronized @Nullable String problem(long applied) {
    if (times == 0) {
      return null;
    }
    if (applied >= upTo) {
      over();
      return null;
    }
    return times == 1
        ? message
        : "the database is damaged: after log index %d SQLite says \"%s\", again after opening it anew, and no leader has got further. Give this node an empty data directory when the others work; if none does, start from empty directories, which restores the backup, or load a sound copy"
            .formatted(first, message);
  }
}
