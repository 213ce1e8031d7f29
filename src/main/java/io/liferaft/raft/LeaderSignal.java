package io.liferaft.raft;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Wakes those who wait for a leader whenever something about it may have changed. */
final class LeaderSignal {

  private static final long LONGEST_MILLIS = 100;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private long changes;

  void signal() {
    lock.lock();
    try {
      changes++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a signal, for a tenth of a second at the most: the caller looks again itself. */
  void await() throws InterruptedException {
    lock.lock();
    try {
      long seen = changes;
      long left = TimeUnit.MILLISECONDS.toNanos(LONGEST_MILLIS);
      while (changes == seen && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }
}
