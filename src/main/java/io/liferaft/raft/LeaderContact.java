package io.liferaft.raft;

import java.time.Duration;

/**
 * How long no leader has been known. Told by the opening and the events' thread; may be asked from
 * any.
 */
final class LeaderContact {

  private static final int SEVERAL_ELECTIONS = 10;

  private final Duration electionTimeout;
  private final LeaderSignal signal;
  private final CatchUp catchUp;
  private volatile long since = System.nanoTime();

  LeaderContact(Duration electionTimeout, LeaderSignal signal, CatchUp catchUp) {
    this.electionTimeout = electionTimeout;
    this.signal = signal;
    this.catchUp = catchUp;
  }

  /** The time without a leader begins. */
  void begin() {
    since = System.nanoTime();
  }

  /** A look at whether one is known; wakes whoever waits for it. */
  void look(boolean known) {
    if (known) {
      since = System.nanoTime();
      signal.signal();
    } else if (lost()) {
      catchUp.begin();
    }
  }

  /** Whether no leader has been known for as long as a request waits for one. */
  boolean silent() {
    return silentNanos() > LeaderRouter.PATIENCE * electionTimeout.toNanos();
  }

  long silentNanos() {
    return System.nanoTime() - since;
  }

  /** Whether no leader has been known for so long that several elections must have failed. */
  boolean lost() {
    return silentNanos() > SEVERAL_ELECTIONS * electionTimeout.toNanos();
  }
}
