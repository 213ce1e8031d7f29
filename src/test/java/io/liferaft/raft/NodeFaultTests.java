package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.support.Waiting;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A disk that fails is one node's trouble. */
@Execution(ExecutionMode.CONCURRENT)
class NodeFaultTests {

  private static final int STEPS_OF_A_CHECKPOINT = 10;

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
  void aNodeWhoseRaftPortIsTakenSaysSoAndStartsWhenItIsFree() throws Exception {
    try (TestCluster cluster = TestCluster.of(folder, 1)) {
      TestCluster.Node node = cluster.node(1);
      int port = HostPort.parse(node.address()).port();
      try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        node.start();
        Waiting.await("it says what is in its way")
            .until(
                () -> String.valueOf(node.raft().status().problem()),
                said ->
                    said.contains("the Raft port cannot be opened at 127.0.0.1:" + port)
                        && said.contains("set liferaft.raft.address"));
      }
      cluster.awaitServing();
    }
  }

  @Test
  void aNodeWithoutADataDirectorySaysWhyAndStartsWhenItCan() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    try (TestCluster cluster = TestCluster.of(file, 1)) {
      TestCluster.Node node = cluster.node(1).start();
      Waiting.await("it says what is in its way")
          .until(
              () -> String.valueOf(node.raft().status().problem()),
              said ->
                  said.startsWith(file.toString())
                      && said.contains(": Not a directory.")
                      && said.contains("set liferaft.node.data-dir"));
      Files.delete(file);
      cluster.awaitServing();
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

  /**
   * At steps of a checkpoint from the first to the last (all of them: {@code FaultTests}). The
   * others never notice; the node comes back from where it stood.
   */
  @Test
  void aFollowerWhoseDiskFailsAtAnyStepComesBack() {
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(5).startAll()) {
      cluster.awaitLeader().execute("CREATE TABLE t(x DEFAULT (random()))");
      Set<String> failed = new TreeSet<>();
      for (int step = 1; step <= STEPS_OF_A_CHECKPOINT; step += 3) {
        TestCluster.Node sick = cluster.follower();
        sick.disk().failAtStep(step);
        TestCluster.Node leader = cluster.awaitLeader();
        Waiting.await("step " + step + " fails")
            .pollInterval(Duration.ofMillis(5))
            .until(() -> {
              leader.execute("INSERT INTO t DEFAULT VALUES");
              return sick.disk().failing();
            });
        failed.add(sick.disk().failedStep());
        Waiting.await("it says so")
            .until(
                () -> String.valueOf(sick.raft().status().problem()),
                said -> said.contains("No space left on device"));
        leader.execute("INSERT INTO t DEFAULT VALUES");
        assertThat(leader.raft().status().problem()).isNull();

        sick.disk().work();

        Waiting.await("it works again").until(() -> sick.raft().status().problem() == null);
      }
      cluster.assertEqualContents();
      assertThat(failed).hasSizeGreaterThan(2);
    }
  }

  @Test
  void aLeaderWithoutRoomHandsOnToOneThatHasIt() {
    AtomicLong free = new AtomicLong(Long.MAX_VALUE);
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      cluster.node(1).withRoom(free::get);
      cluster.startAll();
      cluster.awaitLeader().execute("CREATE TABLE t(x)");
      cluster.lead(cluster.node(1));

      free.set(8L * 1024 * 1024);

      Waiting.await("another one leads")
          .until(() -> cluster.leader().map(leader -> leader != cluster.node(1)).orElse(false));
      cluster.awaitLeader().execute("INSERT INTO t VALUES(1)");
      cluster.assertEqualContents();
    }
  }

  @Test
  void aNodeWithoutRoomOpensNoLogUntilThereIsSome() {
    AtomicLong free = new AtomicLong(Long.MAX_VALUE);
    try (TestCluster cluster = TestCluster.of(folder, 1)) {
      TestCluster.Node node = cluster.node(1).withRoom(free::get);
      cluster.startAll();
      node.execute("CREATE TABLE t(x)");
      node.stop();
      free.set(1024);

      node.start();

      Waiting.await("it says why")
          .until(
              () -> String.valueOf(node.raft().status().problem()),
              said -> said.contains("is full: 1024 bytes are free, at least 4194304 must be"));
      free.set(Long.MAX_VALUE);
      cluster.awaitServing();
      node.execute("INSERT INTO t VALUES(1)");
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
