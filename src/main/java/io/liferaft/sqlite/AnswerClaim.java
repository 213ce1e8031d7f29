package io.liferaft.sqlite;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the answer to one request holds of a node's memory, from its first row until it has been
 * sent: answers that many clients take slowly must not be more together than the heap can hold.
 * Safe for use by many threads.
 */
public final class AnswerClaim {

  /** Work that may fail. */
  @FunctionalInterface
  public interface Work<X extends Exception> {
    void run() throws X;
  }

  /** Bytes of rows that an answer may have without being counted. */
  static final long FREE = 64 * 1024;

  private static final long PIECE = 256 * 1024;

  private static final ScopedValue<AnswerClaim> CURRENT = ScopedValue.newInstance();

  private @Nullable AnswerMemory memory;
  private long used;
  private long reserved;
  private long held;
  private boolean ended;

  /** Runs work; the rows that are read for it on this thread are held until it ends. */
  public static <X extends Exception> void during(Work<X> work) throws X {
    AnswerClaim claim = new AnswerClaim();
    try {
      Object _ =
          ScopedValue.where(CURRENT, claim)
              .<Object, X>call(() -> {
                work.run();
                return claim;
              });
    } finally {
      claim.end();
    }
  }

  /** The claim of this thread's work; one of its own where there is none. */
  static AnswerClaim of(AnswerMemory memory) {
    AnswerClaim claim = CURRENT.isBound() ? CURRENT.get() : new AnswerClaim();
    claim.memory = memory;
    return claim;
  }

  /** Whether somebody else ends it. */
  boolean bound() {
    return CURRENT.isBound() && CURRENT.get() == this;
  }

  private AnswerMemory memory() {
    return Objects.requireNonNull(memory);
  }

  /**
   * Counts rows that have been read.
   *
   * @throws SqliteException.TooManyAnswers when there is no room; nothing is held of this read then
   */
  synchronized void count(long bytes) {
    used += bytes;
    long missing = used - FREE - reserved;
    if (missing > 0) {
      long piece = Math.max(missing, Math.min(PIECE, reserved + missing));
      if (ended || !memory().take(piece)) {
        memory().release(reserved);
        reserved = 0;
        throw new SqliteException.TooManyAnswers();
      }
      reserved += piece;
    }
  }

  /**
   * After {@link #count} has failed: waits for room for twice as much as was read, to begin anew.
   *
   * @throws SqliteException.TooManyAnswers when there was none in time
   */
  void await(long nanos) {
    long wanted;
    synchronized (this) {
      wanted = Math.min(memory().most(), 2 * used);
      used = 0;
    }
    try {
      if (!memory().take(wanted, nanos)) {
        throw new SqliteException.TooManyAnswers();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SqliteException("interrupted while waiting for memory", e);
    }
    synchronized (this) {
      reserved = wanted;
    }
  }

  /** What has been read is the answer, or a part of it. */
  synchronized void settle() {
    long surplus = reserved - Math.max(0, used - FREE);
    memory().release(surplus);
    held += reserved - surplus;
    reserved = 0;
    used = 0;
  }

  /**
   * Holds rows that are in memory already.
   *
   * @throws SqliteException.TooManyAnswers when there is no room for them
   */
  void hold(List<SqlResult> results) {
    for (SqlResult result : results) {
      if (result instanceof SqlResult.Rows rows) {
        for (@Nullable Object[] row : rows.values()) {
          count(RowReader.size(row));
        }
      }
    }
    settle();
  }

  synchronized void end() {
    ended = true;
    if (memory != null) {
      memory.release(held + reserved);
    }
    held = 0;
    reserved = 0;
  }
}
