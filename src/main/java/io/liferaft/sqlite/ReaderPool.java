package io.liferaft.sqlite;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A bounded number of platform threads that read, because a native call would pin the carrier of a
 * virtual one. A checkpoint pauses them: what runs is waited for, then interrupted and run again
 * afterwards; new work waits.
 */
final class ReaderPool implements AutoCloseable {

  /** Work that only reads and may be run more than once. */
  @FunctionalInterface
  interface Read<T> {
    T run(ReadConnection connection) throws SQLException, Interrupted;
  }

  /** A checkpoint ended the work: it is to be run again. */
  static final class Interrupted extends Exception {
    private static final long serialVersionUID = 1L;

    Interrupted() {
      super("interrupted by a checkpoint", null, false, false);
    }
  }

  private static final int MOST_RUNS = 5;

  private final ExecutorService threads;
  private final Deque<ReadConnection> idle = new ArrayDeque<>();
  private final AtomicBoolean interrupt = new AtomicBoolean();
  private @Nullable Path file;
  private int running;
  private boolean paused;
  private boolean closed;

  ReaderPool(int size, Path file) {
    this.file = file;
    AtomicInteger number = new AtomicInteger();
    this.threads =
        Executors.newFixedThreadPool(
            size,
            task -> {
              Thread thread = new Thread(task, "sqlite-reader-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Runs work on a reader and waits for it. */
  <T> T call(Read<T> work) {
    Future<T> future;
    try {
      future = threads.submit(() -> onReader(work));
    } catch (RejectedExecutionException e) {
      throw new SqliteException("the database is closed", e);
    }
    try {
      return future.get();
    } catch (InterruptedException e) {
      future.cancel(false);
      Thread.currentThread().interrupt();
      throw new SqliteException("interrupted while waiting for a reader", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof SqliteException known) {
        throw known;
      }
      throw new SqliteException("reading failed: " + cause.getMessage(), cause);
    }
  }

  private <T> T onReader(Read<T> work) throws SQLException {
    for (int run = 1; ; run++) {
      ReadConnection connection = take();
      boolean sound = false;
      try {
        T result = work.run(connection);
        sound = true;
        return result;
      } catch (Interrupted e) {
        sound = true;
        if (run == MOST_RUNS) {
          throw new SqliteException("interrupted by checkpoints again and again", e);
        }
      } finally {
        give(connection, sound);
      }
    }
  }

  private ReadConnection take() throws SQLException {
    Path current;
    synchronized (this) {
      while (paused && !closed) {
        try {
          wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new SqliteException("interrupted while waiting for a checkpoint", e);
        }
      }
      current = file;
      if (closed || current == null) {
        throw new SqliteException("the database is closed");
      }
      running++;
      ReadConnection connection = idle.pollFirst();
      if (connection != null) {
        return connection;
      }
    }
    boolean opened = false;
    try {
      ReadConnection connection = new ReadConnection(current, interrupt);
      opened = true;
      return connection;
    } finally {
      if (!opened) {
        left();
      }
    }
  }

  private void give(ReadConnection connection, boolean sound) throws SQLException {
    try {
      if (!sound) {
        connection.close();
      }
    } finally {
      synchronized (this) {
        if (sound) {
          idle.addFirst(connection);
        }
        left();
      }
    }
  }

  private synchronized void left() {
    running--;
    notifyAll();
  }

  /** Returns when nothing reads any more; new work waits until {@link #resume}. */
  synchronized void pause(Duration grace) {
    paused = true;
    long deadline = System.nanoTime() + grace.toNanos();
    try {
      while (running > 0) {
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
          interrupt.set(true);
          wait();
        } else {
          wait(millis);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      paused = false;
      notifyAll();
      throw new SqliteException("interrupted while waiting for readers", e);
    } finally {
      interrupt.set(false);
    }
  }

  synchronized void resume() {
    paused = false;
    notifyAll();
  }

  /** Closes all connections and reads another file from now on. Only while paused. */
  synchronized void reopen(Path next) throws SQLException {
    closeIdle();
    file = next;
  }

  private void closeIdle() throws SQLException {
    ReadConnection connection;
    while ((connection = idle.pollFirst()) != null) {
      connection.close();
    }
  }

  /** Interrupts what runs and closes all connections. */
  @Override
  public void close() throws SQLException {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    threads.shutdown();
    pause(Duration.ZERO);
    synchronized (this) {
      closeIdle();
      file = null;
    }
  }
}
