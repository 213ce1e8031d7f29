package io.liferaft.queue;

import io.liferaft.queue.QueuedWrite.Outcome;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.support.Waiting;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** A queue before whatever node, quick to try again, for tests of all modules. */
public final class TestQueue implements AutoCloseable {

  /** A time limit of the queue that does not come in a test. */
  static final Duration NEVER = Duration.ofHours(1);

  /** What callers wait for at the most. */
  static final Duration LIMIT = Duration.ofMinutes(2);

  static final long BYTES = 64L << 20;

  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final WriteQueue queue;

  TestQueue(RaftNode raft, QueueProperties properties, long bytes) {
    queue =
        new WriteQueue(properties, raft, Clock.systemUTC(), meters, bytes, Duration.ofMillis(20));
    queue.start();
  }

  /** With rqlite's settings. */
  public static TestQueue over(RaftNode raft, boolean transaction) {
    return new TestQueue(
        raft,
        new QueueProperties(1024, 128, Duration.ofMillis(50), transaction, Duration.ofSeconds(20)),
        BYTES);
  }

  /** Queues a request that nobody waits for. */
  public QueuedWrite add(String... sql) {
    return queue.add(statements(sql), 500, false, LIMIT);
  }

  /** Queues a request and waits for it. */
  public Outcome write(String... sql) {
    return queue.await(queue.add(statements(sql), 500, true, LIMIT), LIMIT);
  }

  /** Waits for everything before. */
  public Outcome checkpoint() {
    return write();
  }

  /** Attempts that failed. */
  public long failures() {
    return queue.counts().getOrDefault("queued_executions_failed", -1L);
  }

  void awaitCount(String name, long count) {
    Waiting.await(name + " is " + count)
        .until(() -> queue.counts().getOrDefault(name, -1L) == count);
  }

  static List<SqlStatement> statements(String... sql) {
    return Arrays.stream(sql).map(SqlStatement::of).toList();
  }

  @Override
  public void close() {
    queue.stop();
  }
}
