package io.liferaft.backup;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one step after the other on a thread of its own, and a last one when it is stopped. It is
 * one of the system's, for {@link io.liferaft.sqlite.BackgroundIo}.
 */
final class BackupThread {

  private static final Logger log = LoggerFactory.getLogger(BackupThread.class);

  /** What a stop waits for beyond the last step's limit, so that one without a limit may end. */
  private static final Duration GRACE = Duration.ofMillis(200);

  private static final Duration AFTER_FAULT = Duration.ofSeconds(1);

  private final String name;
  private final String work;
  private final Supplier<Duration> step;
  private final Runnable last;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition woken = lock.newCondition();
  private boolean wake;

  private volatile boolean running;
  private volatile boolean givenUp;
  private volatile @Nullable Thread thread;

  /**
   * A thread that is not started yet.
   *
   * @param work what is given up when a stop ends it, at the start of a sentence
   * @param step gives the time to wait for the next one
   */
  BackupThread(String name, String work, Supplier<Duration> step, Runnable last) {
    this.name = name;
    this.work = work;
    this.step = step;
    this.last = last;
  }

  void start() {
    running = true;
    givenUp = false;
    thread = Thread.ofPlatform().name(name).daemon().start(this::work);
  }

  /** Waits for the step under way and the last one, then interrupts. */
  void stop(Duration limit) {
    running = false;
    wake();
    Thread toEnd = thread;
    if (toEnd == null) {
      return;
    }
    try {
      if (!toEnd.join(limit.plus(GRACE))) {
        if (limit.isZero()) {
          log.info("{} is given up: this node is stopping", work);
        } else {
          log.warn("{} is not complete after {} and is given up", work, limit);
        }
        giveUp(toEnd);
      }
    } catch (InterruptedException e) {
      giveUp(toEnd);
      Thread.currentThread().interrupt();
    }
  }

  /** The step under way, or the last one; none comes after it. */
  private void giveUp(Thread toEnd) {
    givenUp = true;
    toEnd.interrupt();
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

  /** Lets time pass on this thread; false when it has been interrupted and must end. */
  boolean pause(Duration time) {
    lock.lock();
    try {
      long nanos = time.toNanos();
      while (nanos > 0) {
        nanos = woken.awaitNanos(nanos);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void work() {
    try {
      while (running) {
        await(stepSafely());
      }
    } catch (InterruptedException e) {
      log.debug("Interrupted while waiting for the next step", e);
      return;
    }
    if (!givenUp) {
      last.run();
    }
  }

  /** The thread must outlive a fact that cannot be taken for a moment. */
  private Duration stepSafely() {
    try {
      return step.get();
    } catch (RuntimeException e) {
      log.debug("A step could not be taken and is repeated", e);
      return AFTER_FAULT;
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
