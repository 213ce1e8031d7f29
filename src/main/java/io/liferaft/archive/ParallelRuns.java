package io.liferaft.archive;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Does many pieces of work on a few threads, the caller's among them. */
final class ParallelRuns {

  private static final int THREADS = 4;

  private ParallelRuns() {}

  /** One piece of work. */
  @FunctionalInterface
  interface Piece {
    void run(int number) throws IOException;
  }

  /**
   * Returns when all is done, or one piece has failed and every other has ended: its exception is
   * thrown then. An interrupt of the caller ends all of it in time.
   */
  static void run(int count, Piece piece) throws IOException {
    AtomicInteger next = new AtomicInteger();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Runnable worker =
        () -> {
          int number = next.getAndIncrement();
          while (number < count && failure.get() == null) {
            try {
              piece.run(number);
            } catch (IOException | RuntimeException | Error e) {
              failure.compareAndSet(null, e);
            }
            number = next.getAndIncrement();
          }
        };
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < Math.min(THREADS, count); i++) {
      others.add(Thread.ofVirtual().name("liferaft-fetch-" + i).start(worker));
    }
    worker.run();
    if (failure.get() != null) {
      others.forEach(Thread::interrupt);
    }
    for (Thread thread : others) {
      join(thread, others);
    }
    switch (failure.get()) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  private static void join(Thread thread, List<Thread> all) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
        all.forEach(Thread::interrupt);
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
