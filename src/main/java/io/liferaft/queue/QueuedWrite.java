package io.liferaft.queue;

import io.liferaft.sqlite.SqlStatement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A request in the queue, and what becomes of it. Safe for use by many threads. */
public final class QueuedWrite {

  /** What has become of a request. */
  public sealed interface Outcome {

    /** Its batch is committed and applied; single statements may have failed. */
    record Written() implements Outcome {}

    /** Its batch failed as a whole, for a reason of its own; nothing is repeated. */
    record Failed(String error) implements Outcome {}

    /**
     * Its batch is not tried again.
     *
     * @param cause {@code CommitUnknownException} when it may have been written; else it was not
     */
    record GivenUp(RuntimeException cause) implements Outcome {}

    /** Not known yet. */
    record Pending() implements Outcome {}
  }

  private final long sequenceNumber;
  private final List<SqlStatement> statements;
  private final boolean alone;
  private final boolean awaited;
  private final long bytes;
  private final long sinceNanos;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

  /**
   * @param alone whether it must not share a batch
   * @param awaited whether somebody waits for it
   * @param sinceNanos when it was taken, by {@link System#nanoTime}
   */
  QueuedWrite(
      long sequenceNumber,
      List<SqlStatement> statements,
      boolean alone,
      boolean awaited,
      long bytes,
      long sinceNanos) {
    this.sequenceNumber = sequenceNumber;
    this.statements = List.copyOf(statements);
    this.alone = alone;
    this.awaited = awaited;
    this.bytes = bytes;
    this.sinceNanos = sinceNanos;
  }

  /** One more than that of the request before it, on this node. */
  public long sequenceNumber() {
    return sequenceNumber;
  }

  /** Waits for what becomes of it, up to the time limit; giving up waiting changes nothing. */
  public Outcome await(Duration timeout) {
    try {
      return outcome.get(Math.max(0, timeout.toNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return new Outcome.Pending();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a queued request ended without an outcome", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Outcome.Pending();
    }
  }

  List<SqlStatement> statements() {
    return statements;
  }

  boolean alone() {
    return alone;
  }

  boolean awaited() {
    return awaited;
  }

  long bytes() {
    return bytes;
  }

  long sinceNanos() {
    return sinceNanos;
  }

  void end(Outcome what) {
    boolean _ = outcome.complete(what);
  }
}
