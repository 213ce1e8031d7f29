package io.liferaft.raft;

import java.time.Duration;

/**
 * How many calls of other nodes are under way here, until their answers are gone: whoever closes
 * the port before leaves the callers with an outcome that nobody knows. Safe for many threads.
 */
final class ServedCalls {

  private int underWay;

  synchronized void began() {
    underWay++;
  }

  synchronized void ended() {
    underWay--;
    notifyAll();
  }

  /**
   * Waits until none is under way.
   *
   * @return false when one still was at the end of the limit, or the caller was interrupted
   */
  synchronized boolean awaitNone(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      while (underWay > 0) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        wait(left / 1_000_000 + 1);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
