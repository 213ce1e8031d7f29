package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class CommitMarksTests {

  private final AtomicLong nanos = new AtomicLong();
  private final AtomicInteger looks = new AtomicInteger();
  private final AtomicInteger marks = new AtomicInteger();
  private final AtomicBoolean held = new AtomicBoolean();

  @TempDir Path folder;

  private CommitMarks marks() {
    return new CommitMarks(
        "n1",
        () -> {
          if (held.get()) {
            return false;
          }
          int _ = marks.incrementAndGet();
          return true;
        },
        () -> {
          int _ = looks.incrementAndGet();
          return nanos.get();
        });
  }

  private void pass(Duration time) {
    long _ = nanos.addAndGet(time.toNanos());
  }

  private void awaitLooks() {
    int before = looks.get();
    Waiting.await("it has looked again").until(() -> looks.get() > before + 2);
  }

  private void awaitMarks(int count) {
    Waiting.await(count + " marks").until(() -> marks.get() == count);
  }

  @Test
  void aCommitIsToldWhenNothingHasFollowedIt() {
    try (CommitMarks telling = marks()) {
      telling.applied();
      awaitLooks();
      assertThat(marks).hasValue(0);
      pass(CommitMarks.QUIET.dividedBy(2));
      telling.applied();
      pass(CommitMarks.QUIET.dividedBy(2));
      awaitLooks();
      assertThat(marks).as("another has followed").hasValue(0);

      pass(CommitMarks.QUIET);

      awaitMarks(1);
      telling.applied();
      pass(CommitMarks.QUIET);
      awaitMarks(2);
    }
  }

  @Test
  void inALoadItIsToldAfterAWhile() {
    try (CommitMarks telling = marks()) {
      telling.applied();
      awaitLooks();
      pass(CommitMarks.LATEST.minusMillis(1));
      telling.applied();
      awaitLooks();
      assertThat(marks).hasValue(0);
      pass(Duration.ofMillis(1));
      telling.applied();
      awaitMarks(1);
    }
  }

  @Test
  void whatMustNotBeToldNowIsToldLater() {
    try (CommitMarks telling = marks()) {
      held.set(true);
      telling.applied();
      pass(CommitMarks.QUIET);
      awaitLooks();
      held.set(false);
      pass(CommitMarks.LATEST);
      awaitMarks(1);
    }
  }

  /** A heartbeat would tell them ten seconds later. */
  @Test
  void followersApplyAtOnceAndAKilledNodeKnowsWhatWasCommitted() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      SqlReply _ = cluster.awaitLeader().execute("CREATE TABLE t(x)");
      cluster.nodes().forEach(TestCluster.Node::stop);
      cluster.withElection(Duration.ofSeconds(20)).startAll();
      long before = System.nanoTime();
      SqlReply _ = cluster.awaitLeader().execute("INSERT INTO t VALUES(1)");
      long written = cluster.awaitLeader().raft().state().changeIndex();
      Waiting.await("every node has applied it")
          .until(() ->
              cluster.running().allMatch(node -> node.raft().state().appliedIndex() >= written));
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));

      cluster.nodes().forEach(TestCluster.Node::crash);
      for (TestCluster.Node node : cluster.nodes()) {
        node.start();
        Waiting.await(node.id() + " has applied it without the others")
            .until(() -> node.raft().state().appliedIndex() >= written);
        node.crash();
      }
    }
  }
}
