package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that fails is one node's trouble. */
class NodeFaultTests {

  @TempDir Path folder;

  @Test
  void aLeaderWhoseDiskFailsStepsAsideAndComesBack() {
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(10).startAll()) {
      TestCluster.Node sick = cluster.awaitLeader();
      sick.execute("CREATE TABLE t(x DEFAULT (random()))");

      sick.disk().fail();
      Outcomes written = writeUntilTrouble(sick);
      Waiting.await("another node leads")
          .until(() -> cluster.leader().map(leader -> leader != sick).orElse(false));
      assertThat(sick.raft().status().problem())
          .contains("cannot write to the data directory")
          .contains("No space left on device");
      TestCluster.Node leader = cluster.awaitLeader();
      for (int i = 0; i < 20; i++) {
        leader.execute("INSERT INTO t DEFAULT VALUES");
      }
      assertThat(leader.raft().status().problem()).isNull();

      sick.disk().work();

      Waiting.await("it works again").until(() -> sick.raft().status().problem() == null);
      cluster.assertEqualContents();
      assertThat(Integer.parseInt(sick.local("SELECT count(*) FROM t")))
          .isBetween(written.certain() + 20, written.certain() + written.unknown() + 20);
    }
  }

  @Test
  void aSingleNodeGoesOnWhenItsDiskWorksAgain() {
    try (TestCluster cluster = TestCluster.of(folder, 1).withSnapshotEvery(10).startAll()) {
      TestCluster.Node node = cluster.node(1);
      node.execute("CREATE TABLE t(x DEFAULT (random()))");

      node.disk().fail();
      Outcomes written = writeUntilTrouble(node);
      assertThat(node.raft().status().problem()).contains("No space left on device");

      node.disk().work();

      Waiting.await("it works again")
          .until(() -> node.raft().status().problem() == null && node.local().leads());
      node.execute("INSERT INTO t DEFAULT VALUES");
      assertThat(Integer.parseInt(node.local("SELECT count(*) FROM t")))
          .isBetween(written.certain() + 1, written.certain() + written.unknown() + 1);
    }
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aNodeThatWaitsForItsDiskCanBeStopped() {
    try (TestCluster cluster = TestCluster.of(folder, 1).withSnapshotEvery(10).startAll()) {
      TestCluster.Node node = cluster.node(1);
      node.execute("CREATE TABLE t(x DEFAULT (random()))");
      node.disk().fail();
      Outcomes written = writeUntilTrouble(node);

      node.stop();

      node.disk().work();
      node.start();
      cluster.awaitServing();
      assertThat(Integer.parseInt(node.local("SELECT count(*) FROM t")))
          .isBetween(written.certain(), written.certain() + written.unknown());
    }
  }

  private record Outcomes(int certain, int unknown) {}

  /** Writes to the leader until it says that its disk has failed. */
  private static Outcomes writeUntilTrouble(TestCluster.Node leader) {
    SqlRequest insert =
        new SqlRequest(
            List.of(SqlStatement.of("INSERT INTO t DEFAULT VALUES")),
            SqlForm.EXECUTE,
            false,
            ReadLevel.WEAK,
            null,
            false,
            Duration.ofSeconds(2),
            Duration.ofSeconds(2),
            null);
    int certain = 0;
    for (int i = 0; i < 500; i++) {
      try {
        SqlReply _ = leader.raft().execute(insert);
        certain++;
      } catch (CommitUnknownException e) {
        Waiting.await("trouble").until(() -> leader.raft().status().problem() != null);
        return new Outcomes(certain, 1);
      } catch (NotLeaderException | NotReadyException e) {
        return new Outcomes(certain, 0);
      }
      if (leader.raft().status().problem() != null) {
        return new Outcomes(certain, 0);
      }
    }
    throw new AssertionError("no trouble in 500 writes");
  }
}
