package io.liferaft.raft;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the leader say what has been committed when the next entry will not: {@link #QUIET} after the
 * last commit, and every {@link #LATEST} while entries follow one another. Until then a follower
 * has not applied it, and a node that is killed does not know on its return that it was committed
 * (<a href="https://raft.github.io/raft.pdf">Raft, section 5.3</a>: the commit index travels with
 * the next message). Ratis would say so with an entry behind every commit, which costs all nodes as
 * many messages and forced writes as the commit itself.
 */
final class CommitMarks implements AutoCloseable {

  /** A commit that nothing follows for so long is told. */
  static final Duration QUIET = Duration.ofMillis(5);

  /** So much is in doubt at most after a kill in the middle of a load. */
  static final Duration LATEST = Duration.ofMillis(100);

  private static final Logger log = LoggerFactory.getLogger(CommitMarks.class);

  private final BooleanSupplier mark;
  private final ScheduledExecutorService thread;
  private final AtomicBoolean looking = new AtomicBoolean();
  private final LongSupplier nanoTime;
  private volatile long applied;

  /** For this class's thread. */
  private long marked;

  /**
   * @param mark puts the commit index into the log and sends it to the followers, if there is
   *     anything to tell; false when it must not now. May wait for room in the log's queue.
   */
  CommitMarks(String nodeId, BooleanSupplier mark) {
    this(nodeId, mark, System::nanoTime);
  }

  CommitMarks(String nodeId, BooleanSupplier mark, LongSupplier nanoTime) {
    this.mark = mark;
    this.nanoTime = nanoTime;
    this.applied = nanoTime.getAsLong();
    this.marked = applied;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("raft-commits-" + nodeId).daemon().factory());
  }

  /** This leader has applied an entry, so it was committed; does not wait. */
  void applied() {
    applied = nanoTime.getAsLong();
    if (!looking.get() && looking.compareAndSet(false, true)) {
      lookIn(QUIET.toNanos());
    }
  }

  private void lookIn(long nanos) {
    try {
      var _ = thread.schedule(this::look, nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("Nothing is told after the end", e);
    }
  }

  private void look() {
    long now = nanoTime.getAsLong();
    long quietFor = now - applied;
    if (quietFor < QUIET.toNanos() && now - marked < LATEST.toNanos()) {
      lookIn(QUIET.toNanos() - Math.max(0, quietFor));
      return;
    }
    marked = now;
    looking.set(false); // what is applied from here on has another look
    try {
      if (!mark.getAsBoolean() && looking.compareAndSet(false, true)) {
        lookIn(LATEST.toNanos());
      }
    } catch (RuntimeException e) {
      log.debug("The commit index was not told; the next message tells it", e);
    }
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
