package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.queue.QueuedWrite.Outcome;
import io.liferaft.queue.TestQueue;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Queued writes before real nodes: order, leader changes, and requests that must not meet. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("QueuedWritesTests")
class QueuedWritesTests {

  private static final Outcome WRITTEN = new Outcome.Written();
  private static final String CREATE = "CREATE TABLE t(id INTEGER PRIMARY KEY, x)";

  @TempDir Path folder;

  private static void add(TestQueue queue, int from, int to) {
    for (int i = from; i < to; i++) {
      queue.add("INSERT INTO t(x) VALUES(" + i + ")");
    }
  }

  /** Every row once, and in the order of the requests. */
  private static void assertRows(TestCluster cluster, int count) {
    cluster.awaitServing(); // one that has just started may lead before it answers clients
    TestCluster.Node leader = cluster.awaitLeader();
    assertThat(leader.read(ReadLevel.LINEARIZABLE, "SELECT count(*) FROM t"))
        .isEqualTo(Integer.toString(count));
    assertThat(leader.read(ReadLevel.LINEARIZABLE, "SELECT count(*) FROM t WHERE x = id - 1"))
        .isEqualTo(Integer.toString(count));
  }

  @Test
  void aFollowersBacklogIsThereOnceAndInOrderAfterACheckpoint() {
    try (TestCluster cluster = TestCluster.serving(folder, 3);
        TestQueue queue = TestQueue.over(cluster.follower().raft(), false)) {
      queue.add(CREATE);
      add(queue, 0, 3000);

      assertThat(queue.checkpoint()).isEqualTo(WRITTEN);

      assertRows(cluster, 3000);
      cluster.assertEqualContents();
    }
  }

  @Test
  void survivesLeadershipThatIsHandedOn() {
    // Long enough that nobody gives up waiting for the next leader.
    try (TestCluster cluster =
            TestCluster.of(folder, 3).withElection(Duration.ofSeconds(3)).startAll();
        TestQueue queue = TestQueue.over(cluster.node(1).raft(), false)) {
      queue.add(CREATE);
      for (int round = 0; round < 3; round++) {
        add(queue, round * 500, round * 500 + 250);
        cluster.moveLeadership();
        add(queue, round * 500 + 250, round * 500 + 500);
      }

      assertThat(queue.checkpoint()).isEqualTo(WRITTEN);

      assertRows(cluster, 1500);
    }
  }

  @Test
  void waitsForALeaderAsLongAsItTakes() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node left = cluster.follower();
      try (TestQueue queue = TestQueue.over(left.raft(), false)) {
        assertThat(queue.write(CREATE)).isEqualTo(WRITTEN);
        cluster.nodes().stream().filter(node -> node != left).forEach(TestCluster.Node::crash);
        Waiting.await("no leader is known").until(() -> left.raft().status().leader() == null);

        add(queue, 0, 300);
        Waiting.await("an attempt has failed").until(() -> queue.failures() > 0);
        cluster.nodes().stream().filter(node -> node != left).forEach(TestCluster.Node::start);

        assertThat(queue.checkpoint()).isEqualTo(WRITTEN);
        assertRows(cluster, 300);
      }
    }
  }

  @Test
  void aStopWritesWhatIsLeft() {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      TestQueue queue = TestQueue.over(cluster.node(1).raft(), false);
      queue.add(CREATE);
      add(queue, 0, 500);

      queue.close();

      assertRows(cluster, 500);
    }
  }

  @Test
  void noRequestReachesIntoAnother() {
    try (TestCluster cluster = TestCluster.serving(folder, 1);
        TestQueue queue = TestQueue.over(cluster.node(1).raft(), false)) {
      queue.add(CREATE);
      queue.add("INSERT INTO t(x) VALUES(0)");
      queue.add("BEGIN", "DELETE FROM t");
      queue.add("INSERT INTO t(x) VALUES(1)");
      queue.add("ROLLBACK");
      queue.add("nonsense", "INSERT INTO t(x) VALUES(2)");
      queue.add("INSERT INTO nowhere VALUES(1)");
      queue.add("BEGIN; INSERT INTO t(x) VALUES(3); COMMIT");
      queue.add("INSERT INTO t(x) VALUES(4)");

      assertThat(queue.checkpoint()).isEqualTo(WRITTEN);

      assertRows(cluster, 5);
    }
  }

  @Test
  void aBatchThatIsATransactionIsAllOrNothing() {
    try (TestCluster cluster = TestCluster.serving(folder, 1);
        TestQueue queue = TestQueue.over(cluster.node(1).raft(), true)) {
      assertThat(queue.write(CREATE)).isEqualTo(WRITTEN);

      queue.write("INSERT INTO t(x) VALUES(0)", "INSERT INTO nowhere VALUES(1)");
      assertRows(cluster, 0);
      queue.write("INSERT INTO t(x) VALUES(0)", "INSERT INTO t(x) VALUES(1)");
      assertRows(cluster, 2);
    }
  }
}
