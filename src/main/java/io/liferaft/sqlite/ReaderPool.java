package io.liferaft.sqlite;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
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
  private final ReaderLimits limits = new ReaderLimits();
  private final Deque<ReadConnection> idle = new ArrayDeque<>();
  private final AtomicBoolean interrupt = new AtomicBoolean();
  private @Nullable Path file;

  /** Enough for SQLite's recursion over patterns and expressions. */
  private static final long STACK_BYTES = 16L * 1024 * 1024;

  /** How long an interrupted reader may take to notice. */
  private static final Duration STUBBORN = Duration.ofSeconds(5);

  private static final Duration LONGEST_CALL = Duration.ofMinutes(2);

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
              Thread thread =
                  new Thread(null, task, "sqlite-reader-" + number.incrementAndGet(), STACK_BYTES);
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Runs work on a reader and waits for it. */
  <T> T call(Read<T> work) {
    try {
      return call(work, LONGEST_CALL);
    } catch (TimeoutException e) {
      throw new SqliteException("no reader answered within " + LONGEST_CALL, e);
    }
  }

  /**
   * Runs work on a reader and waits for it, up to a limit and at most a second longer: a single
   * function call inside SQLite can be interrupted by nothing.
   */
  <T> T call(Read<T> work, Duration limit) throws TimeoutException {
    ReaderCall<T> call =
        new ReaderCall<>(() -> onReader(work), System.nanoTime() + limit.toNanos());
    limits.add(call);
    try {
      threads.execute(call);
      return call.get();
    } catch (RejectedExecutionException e) {
      throw new SqliteException("the database is closed", e);
    } catch (InterruptedException e) {
      boolean _ = call.cancel(false);
      Thread.currentThread().interrupt();
      throw new SqliteException("interrupted while waiting for a reader", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof TimeoutException late) {
        throw late;
      }
      if (cause instanceof SqliteException known) {
        throw known;
      }
      throw new SqliteException("reading failed: " + cause.getMessage(), cause);
    } finally {
      limits.remove(call);
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

  /**
   * Waits until nothing reads any more; new work then waits until {@link #resume}.
   *
   * @param grace readers that go on for longer are interrupted
   * @return false, with readers going on as before, when one cannot be stopped
   */
  synchronized boolean pause(Duration grace) {
    paused = true;
    long deadline = System.nanoTime() + grace.toNanos();
    long end = deadline + STUBBORN.toNanos();
    try {
      while (running > 0) {
        long now = System.nanoTime();
        if (now - end >= 0) {
          paused = false;
          notifyAll();
          return false;
        }
        interrupt.set(now - deadline >= 0);
        wait(Math.max(1, ((now - deadline >= 0 ? end : deadline) - now) / 1_000_000));
      }
      return true;
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
    boolean _ = pause(Duration.ZERO); // one that cannot be stopped closes its connection itself
    synchronized (this) {
      closeIdle();
      file = null;
    }
  }
}
