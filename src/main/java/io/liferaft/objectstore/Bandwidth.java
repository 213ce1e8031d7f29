package io.liferaft.objectstore;

import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** So many bytes a second, shared by all that take of it. Safe for use by many threads. */
final class Bandwidth {

  /** What is taken at once, so that a slow one does not stand still for long. */
  static final int PIECE_BYTES = 64 << 10;

  private final long bytesPerSecond;
  private final ReentrantLock lock = new ReentrantLock();

  /** By {@code System.nanoTime}: when all that was taken so far has gone through. */
  private long freeAt = System.nanoTime();

  /**
   * @param bytesPerSecond above 0
   */
  Bandwidth(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /**
   * Waits until there is room for more bytes.
   *
   * @throws InterruptedIOException when interrupted; the thread stays so
   */
  void take(int bytes) throws InterruptedIOException {
    long turn;
    lock.lock();
    try {
      // What was not used before is gone: no bursts.
      long now = System.nanoTime();
      turn = now - freeAt > 0 ? now : freeAt;
      freeAt = turn + TimeUnit.SECONDS.toNanos(1) * bytes / bytesPerSecond;
    } finally {
      lock.unlock();
    }
    for (long left = turn - System.nanoTime(); left > 0; left = turn - System.nanoTime()) {
      LockSupport.parkNanos(this, left);
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while waiting for bandwidth");
      }
    }
  }
}
