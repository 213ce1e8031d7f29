package io.liferaft.queue;

import io.liferaft.raft.NotReadyException;
import io.liferaft.sqlite.SqlStatement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Requests in the order of their sequence numbers, bounded in number and bytes. Many threads add,
 * one takes.
 */
final class WaitingRoom {

  /** A batch stays an ordinary log entry; larger ones travel in a slower way. */
  static final long BATCH_BYTES = 1 << 20;

  private static final int UNIT = 1024;

  private final int capacity;
  private final int batchSize;
  private final long timeoutNanos;
  private final int units;
  // Fair, so that a large request is not overtaken for ever by small ones.
  private final Semaphore places;
  private final Semaphore memory;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<QueuedWrite> waiting = new ArrayDeque<>();
  private long lastSequence;
  private int blocked;
  private int awaited;
  private boolean closed;

  /**
   * @param bytes of all requests together; a larger one is taken when there is no other
   * @param firstSequence number before the first one
   */
  WaitingRoom(QueueProperties properties, long bytes, long firstSequence) {
    this.capacity = properties.capacity();
    this.batchSize = Math.min(properties.batchSize(), capacity);
    this.timeoutNanos = properties.timeout().toNanos();
    this.units = Math.clamp(bytes / UNIT, 1, Integer.MAX_VALUE);
    this.places = new Semaphore(capacity, true);
    this.memory = new Semaphore(units, true);
    this.lastSequence = firstSequence;
  }

  /**
   * Takes a request in; waits for room up to the time limit.
   *
   * @throws NotReadyException when there was none, or the node is stopping; nothing was taken
   */
  QueuedWrite add(
      List<SqlStatement> statements,
      boolean alone,
      boolean somebodyWaits,
      long bytes,
      Duration limit) {
    reserve(units(bytes), limit);
    lock.lock();
    try {
      if (closed) {
        release(units(bytes));
        throw stopping();
      }
      QueuedWrite taken =
          new QueuedWrite(
              ++lastSequence, statements, alone, somebodyWaits, bytes, System.nanoTime());
      waiting.add(taken);
      awaited += somebodyWaits ? 1 : 0;
      changed.signal();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private void reserve(int size, Duration limit) {
    try {
      long now = System.nanoTime();
      if (acquire(size, now)) {
        return;
      }
      press(1);
      try {
        if (!acquire(size, now + limit.toNanos())) {
          throw full();
        }
      } finally {
        press(-1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw stopping();
    }
  }

  private boolean acquire(int size, long deadline) throws InterruptedException {
    if (!places.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
      return false;
    }
    boolean all = false;
    try {
      all = memory.tryAcquire(size, deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      return all;
    } finally {
      if (!all) {
        places.release();
      }
    }
  }

  /** Somebody who waits for room makes what is there due. */
  private void press(int change) {
    lock.lock();
    try {
      blocked += change;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** The requests to write next, once they are due; empty when the room is closed and empty. */
  List<QueuedWrite> take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!due()) {
        if (waiting.isEmpty() || timeoutNanos == 0) {
          if (closed) {
            return List.of();
          }
          changed.await();
        } else {
          long _ = changed.awaitNanos(timeoutNanos - age());
        }
      }
      return batch();
    } finally {
      lock.unlock();
    }
  }

  private boolean due() {
    return !waiting.isEmpty()
        && (closed
            || waiting.size() >= batchSize
            || blocked > 0
            || (timeoutNanos == 0 ? awaited > 0 : age() >= timeoutNanos));
  }

  private long age() {
    return System.nanoTime() - waiting.getFirst().sinceNanos();
  }

  private List<QueuedWrite> batch() {
    List<QueuedWrite> batch = new ArrayList<>();
    long bytes = 0;
    while (!waiting.isEmpty() && batch.size() < batchSize) {
      QueuedWrite next = waiting.getFirst();
      bytes += next.bytes();
      if (!batch.isEmpty() && (next.alone() || batch.getFirst().alone() || bytes > BATCH_BYTES)) {
        break;
      }
      batch.add(waiting.removeFirst());
      awaited -= next.awaited() ? 1 : 0;
    }
    return batch;
  }

  /** Gives the room of requests back that have left for good. */
  void left(List<QueuedWrite> batch) {
    batch.forEach(each -> release(units(each.bytes())));
  }

  /** Takes nothing more; what is there is due. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Everything that was not taken; the room is empty then. */
  List<QueuedWrite> clear() {
    lock.lock();
    try {
      List<QueuedWrite> rest = List.copyOf(waiting);
      waiting.clear();
      awaited = 0;
      return rest;
    } finally {
      lock.unlock();
    }
  }

  /** Requests that are here or under way. */
  int requests() {
    return capacity - places.availablePermits();
  }

  /** Bytes that these are counted with. */
  long bytes() {
    return (long) UNIT * (units - memory.availablePermits());
  }

  private int units(long bytes) {
    return Math.clamp((bytes + UNIT - 1) / UNIT, 1, units);
  }

  private void release(int size) {
    memory.release(size);
    places.release();
  }

  private NotReadyException full() {
    return new NotReadyException(
        "the queue of writes is full: %d requests wait to be written".formatted(requests()),
        Duration.ofSeconds(1));
  }

  private static NotReadyException stopping() {
    return new NotReadyException("this node is stopping", Duration.ofSeconds(1));
  }
}
