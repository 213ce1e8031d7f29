package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.NodeStatus.Phase;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may found, enter and go on with a cluster, and what the others say. */
class FormingTests {

  @TempDir Path folder;

  @Test
  void nobodyFoundsWhileOneIsMissing() {
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      cluster.node(1).start();
      cluster.node(2).start();
      awaitProblem(cluster.node(1), "waiting for n3 at " + cluster.node(3).address());
      awaitProblem(cluster.node(2), "waiting for n3 at " + cluster.node(3).address());
      staysWithoutLeader(cluster);
      assertThat(cluster.node(1).raft().status().phase()).isEqualTo(Phase.FORMING);

      cluster.node(3).start();

      cluster.awaitServing();
      cluster.node(2).execute("CREATE TABLE t(x)");
      cluster.assertEqualContents();
    }
  }

  @Test
  void theFounderAloneTakesNoClientData() {
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      cluster.nodes().forEach(TestCluster.Node::start);
      Waiting.await("all ask")
          .until(
              () -> cluster.nodes().stream().allMatch(node -> node.local().server().isPresent()));
      cluster.node(2).stop();
      cluster.node(3).stop();
      if (cluster.node(1).raft().status().phase() == Phase.RUNNING) {
        assertThat(cluster.node(1).raft().status().formed()).isFalse();
      }
      assertThat(cluster.node(1).serves()).isFalse();

      cluster.node(2).start();
      cluster.node(3).start();
      cluster.awaitServing();
    }
  }

  @Test
  void aLostDiskIsAdmittedAgain() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.node(1).execute("CREATE TABLE t(x DEFAULT (random()))");
      for (TestCluster.Node lost : List.of(cluster.follower(), cluster.awaitLeader())) {
        String former = lost.local().server().orElseThrow().self().getId().toString();
        lost.stop();
        lost.wipe();
        cluster.awaitLeader().execute("INSERT INTO t DEFAULT VALUES");

        lost.start();

        Waiting.await(lost.id() + " is a voter again")
            .until(() -> lost.serves() && voters(lost) == 3);
        assertThat(lost.local().server().orElseThrow().self().getId().toString())
            .isNotEqualTo(former);
        cluster.assertEqualContents();
      }
      assertThat(cluster.node(1).read(ReadLevel.LINEARIZABLE, "SELECT count(*) FROM t"))
          .isEqualTo("2");
    }
  }

  private static long voters(TestCluster.Node node) {
    return node.raft().status().members().stream().filter(NodeStatus.Member::voter).count();
  }

  @Test
  void whenTwoDisksAreLostNobodyFoundsAndTheMessageNamesTheSurvivor() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.node(1).execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      cluster.assertEqualContents();
      TestCluster.Node survivor = cluster.node(2);
      cluster.nodes().forEach(TestCluster.Node::stop);
      cluster.node(1).wipe();
      cluster.node(3).wipe();

      cluster.nodes().forEach(TestCluster.Node::start);

      awaitProblem(cluster.node(1), "n2 has data up to log index ");
      awaitProblem(cluster.node(3), "n2 has data up to log index ");
      awaitProblem(cluster.node(1), "Nothing is restored over this data");
      staysWithoutLeader(cluster);
      assertThat(cluster.node(1).raft().status().phase()).isEqualTo(Phase.FORMING);
      assertThat(cluster.node(1).raft().state().restore())
          .isInstanceOf(RestoreRecord.Undecided.class);
      assertThat(survivor.local("SELECT x FROM t")).isEqualTo("7");
    }
  }

  @Test
  void aNodeThatIsNotInTheListIsRefused() {
    try (TestCluster cluster = TestCluster.serving(folder, 3);
        TestCluster stranger = TestCluster.of(folder.resolve("elsewhere"), 1)) {
      Map<String, String> list = new LinkedHashMap<>();
      list.put("n9", stranger.node(1).address());
      cluster.nodes().forEach(node -> list.put(node.id(), node.address()));

      stranger.node(1).believing(list).startAs("n9");

      awaitProblem(stranger.node(1), "node n9 is not in the cluster's initial members (n1=");
      assertThat(cluster.awaitLeader().raft().status().members()).hasSize(3);
    }
  }

  @Test
  void aFolderOfAnotherNodeIsRefused() {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      TestCluster.Node node = cluster.node(1);
      node.stop();

      node.believing(Map.of("n7", node.address())).startAs("n7");

      awaitProblem(node, "belongs to node n1, but liferaft.node.id is n7");
      assertThat(node.raft().status().phase()).isEqualTo(Phase.FAILED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"raft-meta", "log_"})
  void aDamagedRaftFolderIsNeverFresh(String damaged) throws IOException {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      TestCluster.Node node = cluster.node(1);
      for (int i = 0; i < 20; i++) {
        node.execute("CREATE TABLE t%d(x)".formatted(i));
      }
      node.stop();
      damage(node.folder(), damaged);
      boolean hadRecord = Files.exists(node.folder().resolve("snapshot.record"));
      assertThat(hadRecord).isTrue();

      node.start();

      Waiting.await("the node says that it failed")
          .until(() -> node.raft().status().phase() == Phase.FAILED);
      assertThat(node.raft().status().problem()).isNotBlank();
      assertThat(node.local().standing()).isEqualTo(PeerAnswer.Standing.UNKNOWN);
      staysWithoutLeader(cluster);
      assertThat(node.folder().resolve("snapshot.record")).exists();
    }
  }

  @Test
  void aNodeWhoseConfigurationIsLostKeepsItsData() throws IOException {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      TestCluster.Node node = cluster.node(1);
      node.execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      node.stop();
      damage(node.folder(), "raft-meta.conf");
      try (Stream<Path> files = Files.walk(node.folder().resolve("raft"))) {
        for (Path log :
            files.filter(file -> file.getFileName().toString().startsWith("log_")).toList()) {
          Files.writeString(log, "RaftLog1"); // without any entry
        }
      }

      node.start();

      awaitProblem(node, "this node holds data");
      staysWithoutLeader(cluster);
      assertThat(node.local("SELECT x FROM t")).isEqualTo("7");
    }
  }

  private static void damage(Path folder, String name) throws IOException {
    Path file;
    try (Stream<Path> files = Files.walk(folder.resolve("raft"))) {
      file =
          files
              .filter(found -> {
                String own = found.getFileName().toString();
                return name.equals("log_") ? own.startsWith(name) : own.equals(name);
              })
              .findFirst()
              .orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(file);
    byte[] garbage = "garbage".repeat(40).getBytes(StandardCharsets.US_ASCII);
    int length = Math.min(bytes.length, garbage.length);
    System.arraycopy(garbage, 0, bytes, 0, length);
    Files.write(file, bytes);
  }

  @Test
  void inAClusterADatabaseThatAToolTouchedComesAnewFromTheLeader() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.node(1).execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      cluster.assertEqualContents();
      TestCluster.Node node = cluster.follower();
      node.stop();
      touch(node);

      node.start();

      Waiting.await("the node serves again").until(() -> node.serves() && voters(node) == 3);
      cluster.awaitLeader().execute("INSERT INTO t VALUES(8)");
      cluster.assertEqualContents();
      assertThat(node.local("SELECT sum(x) FROM t")).isEqualTo("15");
    }
  }

  @Test
  void aSingleNodeRefusesADatabaseThatAToolTouched() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      TestCluster.Node node = cluster.node(1);
      node.execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      node.stop();
      touch(node);

      node.start();

      awaitProblem(node, "set aside");
      assertThat(node.raft().status().phase()).isEqualTo(Phase.FAILED);
      staysWithoutLeader(cluster);

      node.stop();
      node.start();

      Waiting.await("the log, which is whole, makes the database anew").until(node::serves);
      assertThat(node.local("SELECT x FROM t")).isEqualTo("7");
    }
  }

  /** As a SQLite tool does. */
  private static void touch(TestCluster.Node node) throws Exception {
    Path file;
    try (Stream<Path> files = Files.list(node.folder())) {
      file = files.filter(found -> found.toString().endsWith(".sqlite")).findFirst().orElseThrow();
    }
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("UPDATE t SET x = 1000");
    }
  }

  private static void awaitProblem(TestCluster.Node node, String part) {
    Waiting.await(node.id() + " says: " + part)
        .until(() -> String.valueOf(node.raft().status().problem()), said -> said.contains(part));
  }

  private static void staysWithoutLeader(TestCluster cluster) {
    Awaitility.await("nobody leads")
        .during(Duration.ofSeconds(2))
        .atMost(Duration.ofSeconds(20))
        .until(() -> cluster.leader().isEmpty());
  }
}
