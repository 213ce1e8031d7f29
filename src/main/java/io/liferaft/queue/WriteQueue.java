package io.liferaft.queue;

import io.liferaft.queue.QueueCounters.Count;
import io.liferaft.queue.QueuedWrite.Outcome;
import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * This node's queue of writes. What is taken is held in memory only, and written in order by one
 * thread, on whatever node leads. Safe for use by many threads.
 */
public final class WriteQueue implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(WriteQueue.class);

  /** Below the web server's, above backup's: what is left is in the last backup. */
  static final int PHASE = 2000;

  /** What a stop waits for a batch that it has interrupted. */
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final QueueProperties properties;
  private final RaftNode raft;
  private final QueueCounters counters = new QueueCounters();
  private final WaitingRoom room;
  private final BatchWriter writer;
  private volatile long written;
  private volatile @Nullable Thread thread;

  /** A batch of unknown outcome since the last checkpoint; for the queue's thread. */
  private @Nullable CommitUnknownException missed;

  /**
   * @param bytes of memory for all requests together
   * @param pause between attempts to write a batch
   */
  WriteQueue(
      QueueProperties properties,
      RaftNode raft,
      Clock clock,
      MeterRegistry registry,
      long bytes,
      Duration pause) {
    this.properties = properties;
    this.raft = raft;
    this.room = new WaitingRoom(properties, bytes, nanos(clock.instant()));
    this.writer = new BatchWriter(raft, properties.transaction(), pause, counters);
    counters.register(registry, room);
  }

  /** Numbers of this start are behind all of earlier ones. */
  private static long nanos(Instant now) {
    return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
  }

  /**
   * Refuses when nobody could write now.
   *
   * @throws NotReadyException when this node takes no data requests
   * @throws NotLeaderException when no leader is known
   */
  public void checkLeader() {
    NodeStatus status = raft.status();
    switch (status.phase()) {
      case OPENING, CLOSED, FAILED ->
          throw new NotReadyException("store not open", Duration.ofSeconds(1));
      case FORMING, INSTALLING, CATCHING_UP ->
          throw new NotReadyException("store not ready", Duration.ofSeconds(1));
      case RUNNING -> {
        if (!(raft.state().restore() instanceof RestoreRecord.Ended)) {
          throw new NotReadyException("store not ready", Duration.ofSeconds(2));
        }
      }
    }
    if (status.leader() == null) {
      throw new NotLeaderException("leader not found");
    }
  }

  /**
   * Takes a request; waits for room up to the time limit. Statements must have been checked: what
   * fails from now on is not told to who does not wait.
   *
   * @param statements may be empty: such a request only marks a place
   * @param bytes of memory that it takes
   * @param awaited whether the caller is going to wait for it
   * @throws NotReadyException when there was no room in time or the node is stopping
   */
  public QueuedWrite add(
      List<SqlStatement> statements, long bytes, boolean awaited, Duration timeout) {
    boolean alone =
        statements.stream().anyMatch(each -> SqliteStore.controlsTransaction(each.sql()));
    QueuedWrite taken = room.add(statements, alone, awaited, bytes, timeout);
    counters.add(Count.RECEIVED, 1);
    counters.add(Count.STATEMENTS_RECEIVED, statements.size());
    counters.add(Count.WAITS, awaited ? 1 : 0);
    return taken;
  }

  /** Waits for what becomes of a request; {@code Pending} when the time is over. */
  public Outcome await(QueuedWrite write, Duration timeout) {
    Outcome outcome = write.await(timeout);
    if (outcome instanceof Outcome.Pending) {
      counters.add(Count.WAIT_TIMEOUTS, 1);
    }
    return outcome;
  }

  public QueueStatus status() {
    return new QueueStatus(
        properties.capacity(),
        properties.batchSize(),
        properties.timeout(),
        room.requests(),
        room.bytes(),
        written);
  }

  /** Counters since the start, by the names that rqlite's {@code http} map has for them. */
  public Map<String, Long> counts() {
    return counters.byRqlitesNames();
  }

  @Override
  public void start() {
    thread = Thread.ofVirtual().name("liferaft-queue").start(this::work);
  }

  private void work() {
    try {
      List<QueuedWrite> batch = room.take();
      while (!batch.isEmpty()) {
        write(batch);
        batch = writer.hasGivenUp() ? List.of() : room.take();
      }
    } catch (InterruptedException e) {
      log.debug("Interrupted while waiting for queued writes", e);
    }
  }

  private void write(List<QueuedWrite> batch) {
    Outcome outcome = writer.write(batch);
    if (outcome instanceof Outcome.GivenUp(RequestRefusedException _) && batch.size() > 1) {
      // What is wrong with one of them is not wrong with the others.
      batch.forEach(each -> settle(List.of(each), writer.write(List.of(each))));
    } else {
      settle(batch, outcome);
    }
  }

  private void settle(List<QueuedWrite> batch, Outcome outcome) {
    switch (outcome) {
      case Outcome.Written _, Outcome.Failed _ -> written = batch.getLast().sequenceNumber();
      case Outcome.GivenUp(CommitUnknownException unknown) -> missed = unknown;
      case Outcome.GivenUp _ -> {}
      case Outcome.Pending _ -> throw new IllegalStateException("a batch is not left unsettled");
    }
    batch.forEach(each -> each.end(outcomeOf(each, outcome)));
    room.left(batch);
  }

  /** An empty request that is waited for asks for everything before it. */
  private Outcome outcomeOf(QueuedWrite each, Outcome outcome) {
    CommitUnknownException since = missed;
    if (!each.statements().isEmpty() || !each.awaited() || since == null) {
      return outcome;
    }
    missed = null;
    return new Outcome.GivenUp(since);
  }

  /** Writes what is left, within the time limit. */
  @Override
  public void stop() {
    room.close();
    Thread writing = thread;
    if (writing != null) {
      end(writing);
      thread = null;
    }
    List<QueuedWrite> rest = room.clear();
    RuntimeException cause =
        new NotReadyException("this node has stopped before it was written", GRACE);
    rest.forEach(each -> each.end(new Outcome.GivenUp(cause)));
    if (!rest.isEmpty()) {
      log.warn(
          "{} queued requests, {} to {}, could not be written before the stop and are lost",
          rest.size(),
          rest.getFirst().sequenceNumber(),
          rest.getLast().sequenceNumber());
    }
  }

  private void end(Thread writing) {
    try {
      if (!writing.join(properties.onStopTimeout())) {
        writer.giveUp();
        writing.interrupt();
        boolean _ = writing.join(GRACE);
      }
    } catch (InterruptedException _) {
      writer.giveUp();
      writing.interrupt();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public boolean isRunning() {
    return thread != null;
  }

  @Override
  public int getPhase() {
    return PHASE;
  }
}
