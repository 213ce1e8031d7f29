package io.liferaft.sqlite;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Memory for the rows of all answers together that are being read, or have been and are not sent
 * yet. Safe for use by many threads.
 */
final class AnswerMemory {

  private final long most;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition released = lock.newCondition();
  private long taken;

  /**
   * @param most bytes of rows, as {@link RowReader} counts them
   */
  AnswerMemory(long most) {
    this.most = most;
  }

  long most() {
    return most;
  }

  long taken() {
    lock.lock();
    try {
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** Takes so much if there is room; does not wait. */
  boolean take(long bytes) {
    lock.lock();
    try {
      boolean room = taken + bytes <= most;
      taken += room ? bytes : 0;
      return room;
    } finally {
      lock.unlock();
    }
  }

  /** Takes so much as soon as there is room; false when there was none in time. */
  boolean take(long bytes, long nanos) throws InterruptedException {
    long left = nanos;
    lock.lockInterruptibly();
    try {
      while (taken + bytes > most) {
        if (left <= 0) {
          return false;
        }
        left = released.awaitNanos(left);
      }
      taken += bytes;
      return true;
    } finally {
      lock.unlock();
    }
  }

  void release(long bytes) {
    if (bytes > 0) {
      lock.lock();
      try {
        taken -= bytes;
        released.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
