package io.liferaft.restore;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one step after the other on a thread of its own, until a step says that it was the last.
 */
final class RestoreThread {

  private static final Logger log = LoggerFactory.getLogger(RestoreThread.class);

  private final Supplier<Duration> step;
  private final Duration afterFault;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition woken = lock.newCondition();
  private boolean wake;
  private @Nullable Thread attempting;

  private volatile boolean running;
  private volatile boolean stopping;
  private volatile @Nullable Thread thread;

  /** Part of a step that may be interrupted. */
  @FunctionalInterface
  interface Work<T> {
    /** What it says that has to follow; null for nothing. */
    @Nullable T run() throws IOException;
  }

  /**
   * A thread that is not started yet.
   *
   * @param step gives the time to wait for the next one; zero ends the thread
   * @param afterFault how long to wait after a step that threw
   */
  RestoreThread(Supplier<Duration> step, Duration afterFault) {
    this.step = step;
    this.afterFault = afterFault;
  }

  boolean running() {
    return running;
  }

  boolean stopping() {
    return stopping;
  }

  void start() {
    stopping = false;
    running = true;
    thread = Thread.ofVirtual().name("liferaft-restore").start(this::work);
  }

  /** Interrupts what is under way and waits for the thread's end, up to a limit. */
  void stop(Duration limit) {
    stopping = true;
    running = false;
    Thread toEnd = thread;
    if (toEnd == null) {
      return;
    }
    toEnd.interrupt();
    try {
      if (!toEnd.join(limit)) {
        log.warn("The restore has not stopped after {}", limit);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs work on the calling thread so that {@link #interruptAttempt} reaches it and only it. */
  <T> @Nullable T attempt(Work<T> work) throws IOException {
    mark(Thread.currentThread());
    try {
      return work.run();
    } finally {
      mark(null);
    }
  }

  private void mark(@Nullable Thread attempt) {
    lock.lock();
    try {
      attempting = attempt;
      if (attempt == null) {
        // An interrupt meant for the attempt must not reach what follows.
        boolean _ = Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }

  void interruptAttempt() {
    lock.lock();
    try {
      if (attempting != null) {
        attempting.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  void wake() {
    lock.lock();
    try {
      wake = true;
      woken.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void work() {
    try {
      while (running) {
        Duration pause = stepSafely();
        if (pause.isZero()) {
          return;
        }
        await(pause);
      }
    } catch (InterruptedException e) {
      log.debug("Interrupted while waiting for the next step", e);
    }
  }

  /** The thread must outlive a fact that cannot be taken for a moment. */
  private Duration stepSafely() {
    try {
      return step.get();
    } catch (RuntimeException e) {
      log.debug("A step could not be taken and is repeated", e);
      return afterFault;
    }
  }

  private void await(Duration pause) throws InterruptedException {
    lock.lock();
    try {
      long nanos = pause.toNanos();
      while (!wake && running && nanos > 0) {
        nanos = woken.awaitNanos(nanos);
      }
      wake = false;
    } finally {
      lock.unlock();
    }
  }
}
