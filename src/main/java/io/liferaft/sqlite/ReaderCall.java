package io.liferaft.sqlite;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;

/**
 * One piece of work on its way through a reader, and whoever waits for it. What has ended before a
 * reader came to it is not begun.
 */
final class ReaderCall<T> extends CompletableFuture<T> implements Runnable {

  private final Callable<T> work;
  private final long deadlineNanos;

  /**
   * @param deadlineNanos by {@link System#nanoTime}
   */
  ReaderCall(Callable<T> work, long deadlineNanos) {
    this.work = work;
    this.deadlineNanos = deadlineNanos;
  }

  @Override
  public void run() {
    if (isDone()) {
      return;
    }
    try {
      boolean _ = complete(work.call());
    } catch (Throwable e) { // whoever waits is to hear of it, as from a FutureTask
      boolean _ = completeExceptionally(e);
    }
  }

  /** Ends it for whoever waits if its time is over; a reader that is at it goes on. */
  void endIfOverdue(long now) {
    if (now - deadlineNanos >= 0) {
      boolean _ = completeExceptionally(new TimeoutException());
    }
  }
}
