package io.liferaft.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.queue.QueuedWrite.Outcome;
import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.NodeStatus.Phase;
import io.liferaft.raft.NodeStatus.Role;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.SqlReply;
import io.liferaft.raft.SqlRequest;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.support.TestRaftNode;
import io.liferaft.support.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The queue before a node that answers what the test wants. */
class WriteQueueTests {

  private static final Executor CALLERS = task -> Thread.ofVirtual().start(task);
  private static final Duration SOON = Duration.ofMillis(50);

  private final TestRaftNode raft = new TestRaftNode();

  private static QueueProperties settings(int capacity, int batchSize, Duration timeout) {
    return new QueueProperties(capacity, batchSize, timeout, false, Duration.ofSeconds(20));
  }

  private TestQueue queue(int capacity, int batchSize, Duration timeout) {
    return new TestQueue(raft, settings(capacity, batchSize, timeout), TestQueue.BYTES);
  }

  private List<List<String>> written() {
    synchronized (raft.asked) {
      return raft.asked.stream().map(WriteQueueTests::texts).toList();
    }
  }

  private static List<String> texts(SqlRequest request) {
    return request.statements().stream().map(SqlStatement::sql).toList();
  }

  /** Holds every write until the latch is open. */
  private CountDownLatch held() {
    CountDownLatch open = new CountDownLatch(1);
    raft.sql =
        _ -> {
          try {
            open.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommitUnknownException("interrupted", e);
          }
          return TestRaftNode.reply();
        };
    return open;
  }

  /** Fails the first attempts, one with each. */
  private AtomicInteger failing(RuntimeException... failures) {
    AtomicInteger attempts = new AtomicInteger();
    raft.sql =
        _ -> {
          int attempt = attempts.getAndIncrement();
          if (attempt < failures.length) {
            throw failures[attempt];
          }
          return TestRaftNode.reply();
        };
    return attempts;
  }

  @Test
  void numbersRequestsFromTheTimeOfItsStart() {
    Instant now = Instant.now();
    long before = now.getEpochSecond() * 1_000_000_000L + now.getNano();
    try (TestQueue queue = queue(10, 10, SOON)) {
      long first = queue.add("a").sequenceNumber();

      assertThat(first).isBetween(before, before + Duration.ofMinutes(10).toNanos());
      assertThat(queue.add("b").sequenceNumber()).isEqualTo(first + 1);
      assertThat(queue.add("c").sequenceNumber()).isEqualTo(first + 2);
      assertThat(queue.queue.status().sequenceNumber()).isZero();
      assertThat(queue.checkpoint()).isEqualTo(new Outcome.Written());
      assertThat(queue.queue.status().sequenceNumber()).isEqualTo(first + 3);
    }
  }

  @Test
  void writesAFullBatchAtOnceAndInOrder() {
    try (TestQueue queue = queue(100, 3, TestQueue.NEVER)) {
      queue.add("a", "b");
      queue.add("c");
      queue.add("d");
      queue.add("e");

      queue.awaitCount("queued_executions_ok", 1);
      assertThat(written()).containsExactly(List.of("a", "b", "c", "d"));
      assertThat(queue.queue.status().requests()).isEqualTo(1);
    }
    assertThat(written()).containsExactly(List.of("a", "b", "c", "d"), List.of("e"));
  }

  @Test
  void theFirstRequestWaitsNoLongerThanTheTimeLimit() {
    try (TestQueue queue = queue(100, 100, SOON)) {
      queue.add("a");

      queue.awaitCount("queued_executions_ok", 1);
    }
    assertThat(written()).containsExactly(List.of("a"));
  }

  @Test
  void withoutATimeLimitItIsWrittenWhenSomebodyWaits() {
    try (TestQueue queue = queue(100, 100, Duration.ZERO)) {
      queue.add("a");

      assertThat(queue.write("b")).isEqualTo(new Outcome.Written());
      assertThat(written()).containsExactly(List.of("a", "b"));
    }
  }

  @Test
  void asksForABatchAsOneWriteOfItsOwnKind() {
    try (TestQueue queue = TestQueue.over(raft, true)) {
      assertThat(queue.write("a")).isEqualTo(new Outcome.Written());
    }
    assertThat(raft.calls).containsExactly("execute");
    assertThat(raft.asked.getFirst().transaction()).isTrue();
    assertThat(raft.asked.getFirst().statementTimeout()).isNull();
  }

  @Test
  void callersWaitForRoom() {
    CountDownLatch open = held();
    try (TestQueue queue = queue(2, 100, TestQueue.NEVER)) {
      queue.add("a");
      queue.add("b");
      CompletableFuture<QueuedWrite> third =
          CompletableFuture.supplyAsync(() -> queue.add("c"), CALLERS);
      Waiting.await("the first two are under way").until(() -> raft.asked.size() == 1);

      assertThat(third).isNotDone();
      assertThat(queue.queue.status().requests()).isEqualTo(2);
      open.countDown();

      assertThat(third).succeedsWithin(Duration.ofMinutes(1));
    }
    assertThat(written()).containsExactly(List.of("a", "b"), List.of("c"));
  }

  @Test
  void saysThatItIsFullWhenTheCallersTimeIsOver() {
    CountDownLatch open = held();
    try (TestQueue queue = queue(1, 1, SOON)) {
      queue.add("a");

      assertThatExceptionOfType(NotReadyException.class)
          .isThrownBy(
              () -> queue.queue.add(TestQueue.statements("b"), 1, false, Duration.ofMillis(30)))
          .withMessage("the queue of writes is full: 1 requests wait to be written");
      open.countDown();
    }
    assertThat(written()).containsExactly(List.of("a"));
  }

  @Test
  void callersWaitForMemory() {
    CountDownLatch open = held();
    try (TestQueue queue = new TestQueue(raft, settings(100, 100, SOON), 10_240)) {
      queue.queue.add(TestQueue.statements("a"), 6_000, false, TestQueue.LIMIT);

      assertThatExceptionOfType(NotReadyException.class)
          .isThrownBy(() ->
              queue.queue.add(TestQueue.statements("b"), 6_000, false, Duration.ofMillis(30)));
      assertThat(queue.queue.status().bytes()).isEqualTo(6 * 1024);
      queue.queue.add(TestQueue.statements("c"), 1_000, false, TestQueue.LIMIT);
      open.countDown();
      // Larger than all memory: taken when there is nothing else.
      queue.queue.add(TestQueue.statements("d"), 1 << 20, false, TestQueue.LIMIT);
    }
    assertThat(written().stream().flatMap(List::stream)).containsExactly("a", "c", "d");
  }

  @Test
  void givesBackAllRoom() {
    try (TestQueue queue = queue(10, 3, SOON)) {
      IntStream.range(0, 100).forEach(i -> queue.add("a" + i));
      assertThat(queue.checkpoint()).isEqualTo(new Outcome.Written());

      Waiting.await("the queue is empty").until(() -> queue.queue.status().requests() == 0);
      assertThat(queue.queue.status().bytes()).isZero();
    }
    assertThat(written().stream().flatMap(List::stream))
        .containsExactlyElementsOf(IntStream.range(0, 100).mapToObj(i -> "a" + i).toList());
  }

  @Test
  void doesNotMakeOneLargeEntryOfManyLargeRequests() {
    try (TestQueue queue = queue(100, 100, TestQueue.NEVER)) {
      for (String sql : List.of("a", "b", "c")) {
        queue.queue.add(TestQueue.statements(sql), WaitingRoom.BATCH_BYTES / 2, false, SOON);
      }
    }
    assertThat(written()).containsExactly(List.of("a", "b"), List.of("c"));
  }

  @Test
  void triesAgainInOrderUntilTheWriteIsTaken() {
    AtomicInteger attempts =
        failing(
            new NotLeaderException("leader not found"),
            new NotReadyException("store not ready", Duration.ofSeconds(1)),
            new NotLeaderException("leader not reachable"));
    try (TestQueue queue = queue(100, 1, SOON)) {
      queue.add("a");
      queue.add("b");

      assertThat(queue.write("c")).isEqualTo(new Outcome.Written());
      assertThat(attempts).hasValue(6);
      assertThat(written())
          .containsExactly(
              List.of("a"), List.of("a"), List.of("a"), List.of("a"), List.of("b"), List.of("c"));
      assertThat(queue.failures()).isEqualTo(3);
    }
  }

  @Test
  void neverRepeatsWhatMayHaveBeenApplied() {
    failing(new CommitUnknownException("the leader did not answer", null));
    try (TestQueue queue = queue(100, 1, SOON)) {
      assertThat(queue.write("a"))
          .isInstanceOfSatisfying(
              Outcome.GivenUp.class,
              given -> assertThat(given.cause()).isInstanceOf(CommitUnknownException.class));
      assertThat(queue.write("b")).isEqualTo(new Outcome.Written());
      assertThat(queue.queue.counts()).containsEntry("queued_executions_leadership_lost", 1L);
    }
    assertThat(written()).containsExactly(List.of("a"), List.of("b"));
  }

  @Test
  void tellsTheNextCheckpointOfAnUnknownOutcomeBeforeIt() {
    failing(new CommitUnknownException("the leader did not answer", null));
    try (TestQueue queue = queue(100, 1, SOON)) {
      queue.add("a");
      queue.add("b");

      assertThat(queue.checkpoint()).isInstanceOf(Outcome.GivenUp.class);
      assertThat(queue.checkpoint()).isEqualTo(new Outcome.Written());
    }
  }

  @Test
  void aRefusedRequestTakesNoOtherWithIt() {
    raft.sql =
        request -> {
          if (texts(request).contains("bad")) {
            throw new RequestRefusedException("too bad");
          }
          return TestRaftNode.reply();
        };
    try (TestQueue queue = queue(100, 3, TestQueue.NEVER)) {
      QueuedWrite good = queue.add("a");
      QueuedWrite bad = queue.add("bad");
      QueuedWrite better = queue.add("c");

      assertThat(bad.await(TestQueue.LIMIT)).isInstanceOf(Outcome.GivenUp.class);
      assertThat(good.await(TestQueue.LIMIT)).isEqualTo(new Outcome.Written());
      assertThat(better.await(TestQueue.LIMIT)).isEqualTo(new Outcome.Written());
      Waiting.await("the queue is empty").until(() -> queue.queue.status().requests() == 0);
    }
  }

  @Test
  void aFaultBlocksNothing() {
    failing(new IllegalStateException("a bug"));
    try (TestQueue queue = queue(100, 1, SOON)) {
      assertThat(queue.write("a"))
          .isInstanceOfSatisfying(
              Outcome.GivenUp.class,
              given -> assertThat(given.cause()).isInstanceOf(CommitUnknownException.class));
      assertThat(queue.write("b")).isEqualTo(new Outcome.Written());
    }
  }

  @Test
  void saysWhatABatchFailedOf() {
    raft.sql = _ -> new SqlReply(List.of(), "cannot commit", -1, "");
    try (TestQueue queue = queue(100, 1, SOON)) {
      assertThat(queue.write("a")).isEqualTo(new Outcome.Failed("cannot commit"));
    }
    assertThat(raft.asked).hasSize(1);
  }

  @Test
  void whoeverHandlesTransactionsIsLeftAlone() {
    try (TestQueue queue = queue(100, 100, TestQueue.NEVER)) {
      queue.add("INSERT 1");
      queue.add("INSERT 2");
      queue.add("BEGIN");
      queue.add("INSERT 3; commit");
      queue.add("INSERT 4");
      queue.add("INSERT INTO t(commit_, x) VALUES('begin', 'rollback')");
    }
    assertThat(written())
        .containsExactly(
            List.of("INSERT 1", "INSERT 2"),
            List.of("BEGIN"),
            List.of("INSERT 3; commit"),
            List.of("INSERT 4", "INSERT INTO t(commit_, x) VALUES('begin', 'rollback')"));
  }

  @Test
  void aCheckpointAloneAsksNobody() {
    try (TestQueue queue = queue(100, 100, SOON)) {
      assertThat(queue.checkpoint()).isEqualTo(new Outcome.Written());
    }
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void waitingEndsWithItsTimeAndTheWriteStays() {
    CountDownLatch open = held();
    try (TestQueue queue = queue(100, 1, SOON)) {
      QueuedWrite write = queue.queue.add(TestQueue.statements("a"), 1, true, SOON);

      assertThat(queue.queue.await(write, Duration.ofMillis(20))).isEqualTo(new Outcome.Pending());
      assertThat(queue.queue.counts()).containsEntry("queued_executions_wait_timeout", 1L);
      open.countDown();
      assertThat(queue.queue.await(write, TestQueue.LIMIT)).isEqualTo(new Outcome.Written());
    }
  }

  @Test
  void aStopWritesWhatIsLeft() {
    TestQueue queue = queue(100, 2, TestQueue.NEVER);
    Stream.of("a", "b", "c", "d", "e").forEach(queue::add);

    queue.close();

    assertThat(written()).containsExactly(List.of("a", "b"), List.of("c", "d"), List.of("e"));
    assertThat(queue.queue.isRunning()).isFalse();
    assertThatExceptionOfType(NotReadyException.class)
        .isThrownBy(() -> queue.add("f"))
        .withMessage("this node is stopping");
  }

  @Test
  void aStopGivesUpWhenItsTimeIsOver() {
    raft.sql =
        _ -> {
          throw new NotLeaderException("leader not found");
        };
    TestQueue queue =
        new TestQueue(
            raft,
            new QueueProperties(100, 1, SOON, false, Duration.ofMillis(100)),
            TestQueue.BYTES);
    QueuedWrite first = queue.add("a");
    QueuedWrite second = queue.add("b");

    queue.close();

    assertThat(first.await(TestQueue.LIMIT)).isInstanceOf(Outcome.GivenUp.class);
    assertThat(second.await(TestQueue.LIMIT)).isInstanceOf(Outcome.GivenUp.class);
    assertThat(written().stream().flatMap(List::stream)).containsOnly("a");
  }

  @Test
  void stopsBeforeTheLastBackupAndRaft() {
    try (TestQueue queue = queue(100, 1, SOON)) {
      // Spring stops the highest phase first: web server, this, backup (1000), Raft (0).
      assertThat(queue.queue.getPhase()).isBetween(1001, Integer.MAX_VALUE - 2048 - 1);
    }
  }

  @Test
  void countsByTheNamesThatRqliteHas() {
    raft.sql = _ -> TestRaftNode.reply(new SqlResult.Failed("no such table: t", 1));
    try (TestQueue queue = queue(100, 1, SOON)) {
      queue.write("a", "b");

      assertThat(queue.queue.counts())
          .isEqualTo(
              Map.ofEntries(
                  Map.entry("queued_executions", 1L),
                  Map.entry("queued_executions_ok", 1L),
                  Map.entry("queued_executions_failed", 0L),
                  Map.entry("queued_executions_wait", 1L),
                  Map.entry("queued_executions_wait_timeout", 0L),
                  Map.entry("queued_executions_num_stmts_rx", 2L),
                  Map.entry("queued_executions_num_stmts_tx", 2L),
                  Map.entry("queued_executions_no_leader", 0L),
                  Map.entry("queued_executions_not_leader", 0L),
                  Map.entry("queued_executions_leadership_lost", 0L),
                  Map.entry("queued_executions_unknown_error", 0L)));
      assertThat(queue.meters.get("liferaft.queue.statements.failed").functionCounter().count())
          .isEqualTo(1);
      assertThat(
              queue
                  .meters
                  .get("liferaft.queue.batches")
                  .tag("result", "ok")
                  .functionCounter()
                  .count())
          .isEqualTo(1);
      Waiting.await("the queue is empty")
          .until(() -> queue.meters.get("liferaft.queue.requests").gauge().value() == 0);
    }
  }

  @Test
  void refusesWithoutALeader() {
    try (TestQueue queue = queue(100, 1, SOON)) {
      queue.queue.checkLeader();
      raft.status = TestRaftNode.status(Phase.RUNNING, Role.FOLLOWER, null);

      assertThatExceptionOfType(NotLeaderException.class)
          .isThrownBy(queue.queue::checkLeader)
          .withMessage("leader not found");
    }
  }

  @ParameterizedTest
  @EnumSource(value = Phase.class, names = "RUNNING", mode = EnumSource.Mode.EXCLUDE)
  void refusesOnANodeThatIsNotUp(Phase phase) {
    try (TestQueue queue = queue(100, 1, SOON)) {
      raft.status = TestRaftNode.status(phase, Role.FOLLOWER, TestRaftNode.OTHER);

      assertThatExceptionOfType(NotReadyException.class).isThrownBy(queue.queue::checkLeader);
    }
  }

  @Test
  void refusesWhileARestoreRuns() {
    try (TestQueue queue = queue(100, 1, SOON)) {
      raft.state = TestRaftNode.state(new RestoreRecord.Undecided());

      assertThatExceptionOfType(NotReadyException.class)
          .isThrownBy(queue.queue::checkLeader)
          .withMessage("store not ready");
    }
  }
}
