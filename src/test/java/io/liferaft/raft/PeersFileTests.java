package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code raft/peers.json} with several members, as rqlite's operators write it. */
@Execution(ExecutionMode.CONCURRENT)
class PeersFileTests {

  @TempDir private Path folder;

  private TestCluster cluster;

  @BeforeEach
  void threeNodesWithData() {
    cluster = TestCluster.serving(folder, 3);
    SqlReply _ = cluster.awaitLeader().execute("CREATE TABLE t(x INTEGER)");
    SqlReply _ = cluster.awaitLeader().execute("INSERT INTO t VALUES(1)");
    cluster.assertEqualContents();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void allNodesMoveAtOnce() throws Exception {
    cluster.close();
    cluster.nodes().forEach(TestCluster.Node::moves);
    give(cluster.nodes(), list(cluster.nodes()));

    cluster.nodes().forEach(node -> node.believing(Map.of(node.id(), node.address())).start());

    awaitVoters(3);
    assertThat(cluster.nodes())
        .allSatisfy(node -> {
          assertThat(node.read(ReadLevel.NONE, "SELECT x FROM t")).isEqualTo("1");
          assertThat(PeersFile.in(node.folder())).doesNotExist();
          Waiting.await("peers.info")
              .until(() -> Files.exists(node.folder().resolve("peers.info")));
        });
    SqlReply _ = cluster.follower().execute("INSERT INTO t VALUES(2)");
    cluster.assertEqualContents();
    restartsAsUsual();
  }

  private void restartsAsUsual() {
    cluster.close();
    cluster.nodes().forEach(TestCluster.Node::start);
    awaitVoters(3);
    assertThat(cluster.follower().read(ReadLevel.LINEARIZABLE, "SELECT max(x) FROM t"))
        .isEqualTo("2");
    cluster.assertEqualContents();
  }

  /** What only the former leader and lost nodes may have acknowledged is with one of the two. */
  @Test
  void aShorterListGoesOnWithTheLogThatReachesFurthest() throws Exception {
    TestCluster.Node ahead = cluster.awaitLeader();
    TestCluster.Node lost = cluster.follower();
    TestCluster.Node behind =
        cluster.nodes().stream().filter(n -> n != ahead && n != lost).findFirst().orElseThrow();
    behind.stop();
    SqlReply _ = ahead.execute("INSERT INTO t VALUES(2)");
    lost.stop();
    lost.wipe();
    ahead.crash();
    give(List.of(ahead, behind), list(List.of(ahead, behind)));

    behind.start();
    behind.awaitProblem("waiting for %s at %s".formatted(ahead.id(), ahead.address()));
    assertThat(behind.serves()).isFalse();
    ahead.start();

    awaitVoters(2);
    assertThat(behind.read(ReadLevel.LINEARIZABLE, "SELECT group_concat(x) FROM t"))
        .isEqualTo("1,2");
    lost.joining(
            new JoinPlan(
                new JoinPlan.Contacts.Addresses(List.of(behind.address())),
                5,
                java.time.Duration.ofSeconds(1),
                0,
                java.time.Duration.ofMinutes(1),
                false))
        .start();
    awaitVoters(3);
    cluster.assertEqualContents();
  }

  @Test
  void aNodeThatTheListLeftOutStandsAsideWithItsOldDisk() throws Exception {
    TestCluster.Node leftOut = cluster.follower();
    List<TestCluster.Node> listed =
        cluster.nodes().stream().filter(node -> node != leftOut).toList();
    cluster.close();
    give(listed, list(listed));
    listed.forEach(TestCluster.Node::start);
    awaitVoters(2);

    leftOut.start();

    leftOut.awaitProblem("was given up");
    assertThat(leftOut.serves()).isFalse();
  }

  @Test
  void whileTheClusterLivesNothingIsDoneAndTakingTheListBackRestoresIt() throws Exception {
    TestCluster.Node one = cluster.follower();
    one.stop();
    give(List.of(one), list(List.of(one)));

    one.start();

    one.awaitProblem("which raft/peers.json leaves out");
    one.stop();
    Files.delete(one.folder().resolve("peers.json.pending"));
    one.start();
    awaitVoters(3);
    SqlReply _ = one.execute("INSERT INTO t VALUES(2)");
    cluster.assertEqualContents();
  }

  @Test
  void aListThatANodeCannotFollowIsRefusedAndChangesNothing() throws IOException {
    cluster.close();
    TestCluster.Node node = cluster.node(1);
    String self = one(node);
    for (String[] refused :
        new String[][] {
          {"", "it is not a list of members"},
          {"<html>404</html>", "it is not JSON"},
          {"{}", "it is not a list of members"},
          {"[]", "it is not a list of members"},
          {"[7]", "has no id, or no address"},
          {"[{\"id\":\"n1\",\"address\":\"nowhere\"}]", "has no id, or no address"},
          {"[{\"id\":\"nx\",\"address\":\"h:1\"}]", "it does not name this node"},
          {"[{\"id\":\"n1\",\"address\":\"h:1\"}]", "it has node n1 at h:1, but"},
          {"[%s,%s]".formatted(self, self), "it names node n1 twice"},
          {
            "[%s,{\"id\":\"n2\",\"address\":\"%s\"}]".formatted(self, node.address()),
            "to two nodes"
          },
          {"[" + self.replace("}", ",\"non_voter\":true}") + "]", "it names no voter"}
        }) {
      Path file = PeersFile.in(node.folder());
      Files.writeString(file, refused[0]);

      node.start();

      node.awaitProblem("peers.json cannot be obeyed: ");
      assertThat(node.raft().status().problem()).contains(refused[1]);
      assertThat(file).hasContent(refused[0]);
      node.stop();
      Files.delete(file);
    }
    cluster.startAll();
    cluster.assertEqualContents();
  }

  @Test
  void aNodeWithoutDataIsNotTakenForAMember() throws Exception {
    cluster.close();
    TestCluster.Node fresh = cluster.node(1);
    fresh.wipe();
    Files.createDirectories(RatisServer.folder(fresh.folder()));
    give(cluster.nodes(), list(cluster.nodes()));

    cluster.nodes().forEach(TestCluster.Node::start);

    fresh.awaitProblem("there is no node.properties in it");
    cluster.node(2).awaitProblem("waiting for n1 at ");
    assertThat(cluster.running()).noneMatch(TestCluster.Node::serves);
    Files.delete(PeersFile.in(fresh.folder()));
    cluster.close();
    List<TestCluster.Node> rest = List.of(cluster.node(2), cluster.node(3));
    for (TestCluster.Node node : rest) {
      Files.createDirectories(RatisServer.folder(node.folder()));
    }
    give(rest, list(rest));
    cluster.nodes().forEach(TestCluster.Node::start);
    awaitVoters(3);
    cluster.assertEqualContents();
  }

  /** Of the steps from the reading of the file until the node is a member again, some. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 9, 13, 17, 21, 26, 31})
  void aKillAtAnyStepIsGoneOnFrom(int step) throws Exception {
    List<TestCluster.Node> nodes = cluster.nodes();
    cluster.close();
    nodes.forEach(TestCluster.Node::moves);
    give(nodes, list(nodes));
    TestCluster.Node dying = cluster.node(1); // all logs end alike: it goes on
    dying.files().arm(step);
    nodes.forEach(TestCluster.Node::start);

    Waiting.await("n1 has died, or serves").until(() -> dying.files().dead() || serve(3));
    if (dying.files().dead()) {
      dying.die();
      dying.start();
    }

    awaitVoters(3);
    SqlReply _ = cluster.awaitLeader().execute("INSERT INTO t VALUES(2)");
    assertThat(cluster.follower().read(ReadLevel.LINEARIZABLE, "SELECT group_concat(x) FROM t"))
        .isEqualTo("1,2");
    cluster.assertEqualContents();
  }

  private void awaitVoters(int count) {
    Waiting.await(count + " voters that serve").until(() -> serve(count));
  }

  private boolean serve(int count) {
    return cluster.running().filter(TestCluster.Node::serves).count() == count
        && cluster.leader().stream()
                .flatMap(leader -> leader.raft().status().members().stream())
                .filter(NodeStatus.Member::voter)
                .count()
            == count;
  }

  private static void give(List<TestCluster.Node> nodes, String list) throws IOException {
    for (TestCluster.Node node : nodes) {
      Files.writeString(PeersFile.in(node.folder()), list);
    }
  }

  private static String list(List<TestCluster.Node> nodes) {
    return nodes.stream().map(PeersFileTests::one).collect(Collectors.joining(",", "[", "]"));
  }

  private static String one(TestCluster.Node node) {
    return "{\"id\":\"%s\",\"address\":\"%s\"}".formatted(node.id(), node.address());
  }
}
