package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.NodeStatus.Phase;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may found, enter and go on with a cluster, and what the others say. */
@Execution(ExecutionMode.CONCURRENT)
class FormingTests {

  @TempDir Path folder;

  @Test
  void nobodyFoundsWhileOneIsMissing() {
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      cluster.node(1).start();
      cluster.node(2).start();
      cluster.node(1).awaitProblem("waiting for n3 at " + cluster.node(3).address());
      cluster.node(2).awaitProblem("waiting for n3 at " + cluster.node(3).address());
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
  void whenTwoDisksAreLostNobodyFoundsAndTheMessagesNameTheSurvivor() {
    theSurvivorIsNamed(List.of(1, 3, 2));
  }

  @Tag("soak")
  @Test
  void whenTwoDisksAreLostTheSurvivorIsNamedAlsoWhenItComesFirst() {
    theSurvivorIsNamed(List.of(2, 1, 3));
  }

  private void theSurvivorIsNamed(List<Integer> order) {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.node(1).execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      cluster.assertEqualContents();
      TestCluster.Node survivor = cluster.node(2);
      cluster.nodes().forEach(TestCluster.Node::stop);
      cluster.node(1).wipe();
      cluster.node(3).wipe();

      cluster.node(order.get(0)).start();
      cluster.node(order.get(1)).start();
      if (order.getLast() == 2) {
        cluster.node(1).awaitProblem("waiting for n2 at ");
        cluster.node(3).awaitProblem("waiting for n2 at ");
      }
      cluster.node(order.get(2)).start();

      for (int empty : List.of(1, 3)) {
        cluster.node(empty).awaitProblem("n2 has data up to log index ");
        cluster.node(empty).awaitProblem("Nothing is restored over this data");
        cluster.node(empty).awaitProblem("stop n2 and run `liferaftd recover`");
      }
      survivor.awaitProblem(
          "the quorum is lost: n1 has an empty disk, n3 has an empty disk. Nothing is restored");
      survivor.awaitProblem("run: liferaftd recover " + survivor.folder());
      assertThat(cluster.leader()).isEmpty();
      for (int empty : List.of(1, 3)) {
        assertThat(cluster.node(empty).raft().status().phase()).isEqualTo(Phase.FORMING);
        assertThat(cluster.node(empty).raft().state().restore())
            .isInstanceOf(RestoreRecord.Undecided.class);
      }
      assertThat(survivor.local("SELECT x FROM t")).isEqualTo("7");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1 3 2", "3 2 1"})
  void whenAllDisksAreLostTheyFormAnew(String order) {
    whenAllDisksAreLostTheyFormAnewInEveryOrder(order);
  }

  @Tag("soak")
  @ParameterizedTest
  @ValueSource(strings = {"1 2 3", "2 1 3", "2 3 1", "3 1 2"})
  void whenAllDisksAreLostTheyFormAnewInEveryOrder(String order) {
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      int[] numbers = Stream.of(order.split(" ")).mapToInt(Integer::parseInt).toArray();
      cluster.node(numbers[0]).start();
      cluster.node(numbers[0]).awaitProblem("waiting for n");
      cluster.node(numbers[1]).start();
      cluster.node(numbers[1]).awaitProblem("waiting for n" + numbers[2]);
      assertThat(cluster.leader()).isEmpty();

      cluster.node(numbers[2]).start();

      cluster.awaitServing();
      assertThat(cluster.running().map(node -> node.local().groupId()).distinct()).hasSize(1);
    }
  }

  /** The founder's disk is lost when nobody, or one other, is in its group: nobody wrote yet. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFounderThatIsLostBeforeAnybodyWroteIsNotWaitedFor(boolean oneHasJoined) {
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      TestCluster.Node founder = cluster.node(1);
      cluster.nodes().forEach(TestCluster.Node::start);
      Waiting.await("the founder has a group")
          .until(() -> founder.local().standing() == PeerAnswer.Standing.MEMBER);
      cluster.node(3).stop();
      if (oneHasJoined) {
        Waiting.await("n2 is a voter")
            .until(() -> cluster.node(2).local().standing() == PeerAnswer.Standing.MEMBER);
      } else {
        cluster.node(2).stop();
        cluster.node(2).wipe();
      }
      String lost = founder.local().groupId();
      founder.stop();
      founder.wipe();
      cluster.node(3).wipe();

      cluster.nodes().stream().filter(node -> !node.running()).forEach(TestCluster.Node::start);

      cluster.awaitServing();
      assertThat(cluster.running().map(node -> node.local().groupId()).distinct())
          .hasSize(1)
          .doesNotContain(lost);
      cluster.node(3).execute("CREATE TABLE t(x)");
      cluster.assertEqualContents();
    }
  }

  @Tag("soak")
  @Test
  void aMemberWithAWriteIsNeverGivenUpWithItsFounder() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.node(1).execute("CREATE TABLE t(x)");
      cluster.assertEqualContents();
      cluster.nodes().forEach(TestCluster.Node::crash);
      cluster.node(1).wipe();
      cluster.node(3).wipe();

      cluster.nodes().forEach(TestCluster.Node::start);

      cluster.node(2).awaitProblem("this node has data up to log index ");
      assertThat(cluster.node(2).local().standing()).isEqualTo(PeerAnswer.Standing.MEMBER);
    }
  }

  /** A lost disk comes back beside a living cluster, with a list from another time. */
  @Test
  void anOutdatedListFormsNothingBesideALivingCluster() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node lost = cluster.node(1);
      lost.execute("CREATE TABLE t(x)");
      cluster.assertEqualContents();
      String group = lost.local().groupId();
      String second = cluster.node(2).address();
      String third = cluster.node(3).address();
      lost.stop();
      cluster.awaitLeader();

      startsEmptyBelieving(lost, Map.of("n1", lost.address(), "n9", "127.0.0.1:1"));
      lost.awaitProblem("waiting for n9 at 127.0.0.1:1");
      formsNothing(lost);

      startsEmptyBelieving(lost, Map.of("n1", lost.address(), "n2", third, "n3", second));
      lost.awaitProblem("but liferaft.raft.initial-cluster calls it n");
      formsNothing(lost);

      lost.wipe();
      lost.believing(Map.of("m1", lost.address(), "n2", second, "n3", third)).startAs("m1");
      lost.awaitProblem("node m1 is not in the cluster's initial members (n1=");
      formsNothing(lost);
      assertThat(cluster.awaitLeader().raft().status().members()).hasSize(3);

      startsEmptyBelieving(lost, Map.of("n1", lost.address(), "n2", second));
      Waiting.await("one living member is enough to be admitted").until(lost::serves);
      assertThat(lost.local().groupId()).isEqualTo(group);
      cluster.assertEqualContents();
    }
  }

  private static void startsEmptyBelieving(TestCluster.Node node, Map<String, String> list) {
    node.wipe();
    node.believing(list).start();
  }

  private static void formsNothing(TestCluster.Node node) {
    assertThat(node.raft().status().phase()).isEqualTo(Phase.FORMING);
    assertThat(node.serves()).isFalse();
    assertThat(node.local().standing()).isEqualTo(PeerAnswer.Standing.FRESH);
    node.stop();
  }

  @Test
  void aNodeThatIsNotInTheListIsRefused() {
    try (TestCluster cluster = TestCluster.serving(folder, 3);
        TestCluster stranger = TestCluster.of(folder.resolve("elsewhere"), 1)) {
      Map<String, String> list = new LinkedHashMap<>();
      list.put("n9", stranger.node(1).address());
      cluster.nodes().forEach(node -> list.put(node.id(), node.address()));

      stranger.node(1).believing(list).startAs("n9");

      stranger.node(1).awaitProblem("node n9 is not in the cluster's initial members (n1=");
      assertThat(cluster.awaitLeader().raft().status().members()).hasSize(3);
    }
  }

  @Test
  void aFolderOfAnotherNodeIsRefused() {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      TestCluster.Node node = cluster.node(1);
      node.stop();

      node.believing(Map.of("n7", node.address())).startAs("n7");

      node.awaitProblem("belongs to node n1, but liferaft.node.id is n7");
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

      node.awaitProblem("this node holds data");
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
      TestCluster.touch(node.folder());

      node.start();

      Waiting.await("the node serves again").until(() -> node.serves() && voters(node) == 3);
      cluster.awaitLeader().execute("INSERT INTO t VALUES(8)");
      cluster.assertEqualContents();
      assertThat(node.local("SELECT sum(x) FROM t")).isEqualTo("15");
    }
  }

  /** With this time-out any wait for the word of another leader would be a quarter of a minute. */
  @Test
  void aLoneNodeIsElectedAtOnce() {
    try (TestCluster cluster = TestCluster.of(folder, 1).withElection(Duration.ofMinutes(1))) {
      TestCluster.Node node = cluster.node(1);
      for (int start = 0; start < 2; start++) {
        long began = System.nanoTime();
        node.start();
        Waiting.await("it leads").until(() -> node.local().leads());
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
        node.stop();
      }
    }
  }

  @Test
  void aSingleNodeRefusesADatabaseThatAToolTouched() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      TestCluster.Node node = cluster.node(1);
      node.execute("CREATE TABLE t(x)");
      for (int i = 0; i < 300; i++) {
        node.execute("INSERT INTO t VALUES(1)");
      }
      node.stop();
      TestCluster.touch(node.folder());

      node.start();

      node.awaitProblem("set aside");
      assertThat(node.raft().status().phase()).isEqualTo(Phase.FAILED);
      staysWithoutLeader(cluster);

      node.stop();
      node.start();

      Waiting.await("the log, which is whole, makes the database anew")
          .pollInterval(Duration.ofMillis(1))
          .until(node::serves);
      assertThat(node.local("SELECT count(*) FROM t"))
          .as("not before it has applied all that it holds")
          .isEqualTo("300");
    }
  }

  private static void staysWithoutLeader(TestCluster cluster) {
    Awaitility.await("nobody leads")
        .during(Duration.ofSeconds(2))
        .atMost(Duration.ofSeconds(20))
        .until(() -> cluster.leader().isEmpty());
  }
}
