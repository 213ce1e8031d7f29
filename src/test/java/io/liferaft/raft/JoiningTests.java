package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.membership.FormationFailed;
import io.liferaft.raft.JoinPlan.Contacts;
import io.liferaft.raft.TestCluster.Node;
import io.liferaft.security.AccessControl;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.support.Ports;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** Nodes that enter a cluster without a list of its members, and leave it. */
@Execution(ExecutionMode.CONCURRENT)
class JoiningTests {

  @TempDir Path folder;

  private static JoinPlan through(int expect, boolean nonVoter, String... addresses) {
    return new JoinPlan(
        new Contacts.Addresses(List.of(addresses)),
        50,
        Duration.ofMillis(100),
        expect,
        Duration.ofMinutes(1),
        nonVoter);
  }

  /** One node that has founded a cluster of its own, and others that are not started. */
  private TestCluster begunByOne(int size) {
    TestCluster cluster = TestCluster.of(folder, size);
    cluster.node(1).joining(JoinPlan.NONE).start();
    cluster.awaitServing();
    cluster.node(1).execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(1)");
    return cluster;
  }

  private static void awaitMembers(Node node, int voters, int nonVoters) {
    Waiting.await("%d voters and %d non-voters".formatted(voters, nonVoters))
        .until(() -> {
          List<NodeStatus.Member> members = node.raft().status().members();
          long voting = members.stream().filter(NodeStatus.Member::voter).count();
          return voting == voters && members.size() - voting == nonVoters;
        });
  }

  @Test
  void nodesJoinThroughAnyMemberAndComeBackWithTheSameWords() {
    try (TestCluster cluster = begunByOne(3)) {
      cluster.node(2).joining(through(0, false, cluster.node(1).address())).start();
      awaitMembers(cluster.node(1), 2, 0);
      cluster.awaitServing();
      cluster.node(3).joining(through(0, false, cluster.node(2).address())).start();
      awaitMembers(cluster.node(1), 3, 0);
      cluster.awaitServing();
      cluster.node(1).execute("INSERT INTO t VALUES(2)");
      cluster.assertEqualContents();

      cluster.nodes().forEach(Node::crash);
      cluster.nodes().forEach(Node::start);
      cluster.awaitServing();

      cluster.awaitLeader().execute("INSERT INTO t VALUES(3)");
      cluster.assertEqualContents();
      assertThat(cluster.awaitLeader().raft().status().members()).hasSize(3);
    }
  }

  @Test
  void nodesThatExpectEachOtherFoundOneClusterTogether() {
    try (TestCluster cluster = TestCluster.of(folder, 4)) {
      String[] all = {
        cluster.node(1).address(), cluster.node(2).address(), cluster.node(3).address()
      };
      cluster.nodes().forEach(node -> node.joining(through(3, false, all)));
      cluster.node(3).start();
      cluster.node(2).start();
      cluster.node(2).awaitProblem("waiting for " + cluster.node(1).address());
      cluster.node(1).start();

      awaitMembers(cluster.node(3), 3, 0);
      cluster.awaitServing();
      assertThat(cluster.running().map(node -> node.local().groupId()).distinct()).hasSize(1);
      cluster.node(2).execute("CREATE TABLE t(x)");

      // The same words, for one more.
      cluster.node(4).start();
      awaitMembers(cluster.node(2), 4, 0);
      cluster.awaitServing();
      cluster.assertEqualContents();
    }
  }

  /** Each knows one other; who is asked tells of who has asked. */
  @Test
  void nodesThatKnowOnlyOneOfThemFindTheOthers() {
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      String[] first = {cluster.node(3).address()};
      cluster.nodes().forEach(node -> node.joining(through(3, false, first)).start());

      awaitMembers(cluster.node(1), 3, 0);
      cluster.awaitServing();

      assertThat(cluster.running().map(node -> node.local().groupId()).distinct()).hasSize(1);
    }
  }

  @Test
  void aNonVoterHasEverythingAndCountsForNothing() {
    try (TestCluster cluster = begunByOne(2)) {
      Node reader = cluster.node(2).joining(through(0, true, cluster.node(1).address())).start();
      awaitMembers(cluster.node(1), 1, 1);
      cluster.awaitServing();
      cluster.node(1).execute("INSERT INTO t VALUES(2)");
      cluster.assertEqualContents();
      assertThat(reader.raft().status().role()).isEqualTo(NodeStatus.Role.LISTENER);
      assertThat(reader.read(ReadLevel.AUTO, "SELECT count(*) FROM t")).isEqualTo("2");
      assertThat(reader.read(ReadLevel.STRONG, "SELECT count(*) FROM t")).isEqualTo("2");
      cluster.node(1).execute("INSERT INTO t VALUES(0)", "DELETE FROM t WHERE x = 0");
      Set<String> served = new HashSet<>();
      for (int i = 0; i < 10; i++) { // one that takes too long has the leader read
        SqlReply counted =
            reader
                .raft()
                .query(
                    TestCluster.request(ReadLevel.LINEARIZABLE, false, "SELECT count(*) FROM t"));
        assertThat(((SqlResult.Rows) counted.results().getFirst()).values().getFirst())
            .containsExactly(2L);
        served.add(counted.servedBy());
      }
      assertThat(served).contains("n2.example.org:4001");

      assertThat(nodes(cluster.node(1), false)).containsExactly("n1 voter");
      assertThat(nodes(cluster.node(1), true)).containsExactly("n1 voter", "n2 non-voter");
      assertThat(nodes(reader, true)).containsExactly("n1 voter", "n2 non-voter");

      reader.crash();
      assertThat(nodes(cluster.node(1), true))
          .containsExactly("n1 voter", "n2 non-voter unreachable");
      cluster.node(1).execute("INSERT INTO t VALUES(3)");
      reader.start();
      cluster.awaitServing();
      cluster.assertEqualContents();
      assertThat(reader.raft().status().role()).isEqualTo(NodeStatus.Role.LISTENER);

      cluster.node(1).crash();
      Waiting.await("no leader").until(() -> reader.raft().status().leader() == null);
      assertThat(reader.local("SELECT count(*) FROM t")).isEqualTo("3");
      assertThatThrownBy(() -> reader.execute("INSERT INTO t VALUES(4)"))
          .isInstanceOf(NotLeaderException.class);
    }
  }

  private static List<String> nodes(Node asked, boolean nonVoters) {
    return asked.raft().nodes(nonVoters, Duration.ofSeconds(10)).stream()
        .map(probe ->
            probe.id()
                + (probe.voter() ? " voter" : " non-voter")
                + (probe.reachable() ? "" : " unreachable"))
        .sorted()
        .toList();
  }

  @Test
  void aRemovedNodeServesNobodyUntilItIsStartedAgain() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      Node leader = cluster.awaitLeader();
      Node follower = cluster.follower();
      leader.execute("CREATE TABLE t(x)");

      leader.raft().removeNode(follower.id(), TestCluster.TIMEOUT);

      awaitMembers(leader, 2, 0);
      follower.awaitProblem("has been removed from its cluster");
      assertThatThrownBy(() -> follower.execute("INSERT INTO t VALUES(1)"))
          .isInstanceOf(NotReadyException.class);
      leader.raft().removeNode(follower.id(), TestCluster.TIMEOUT); // there is no such member

      follower.stop();
      follower.start();
      awaitMembers(leader, 3, 0);
      cluster.awaitServing();
      cluster.assertEqualContents();
    }
  }

  @Test
  void aNodeThatIsRemovedWhileItIsDownIsNotTakenForAMember() {
    try (TestCluster cluster = begunByOne(3)) {
      String[] first = {cluster.node(1).address()};
      Node third = cluster.node(3);
      cluster.node(2).joining(through(0, false, first)).start();
      awaitMembers(cluster.node(1), 2, 0);
      third.joining(through(0, false, first)).start();
      awaitMembers(cluster.node(1), 3, 0);
      cluster.awaitServing();
      third.crash();

      cluster.awaitLeader().raft().removeNode("n3", TestCluster.TIMEOUT);
      awaitMembers(cluster.node(1), 2, 0);

      third.joining(JoinPlan.NONE).start();
      // It asks and is told, or the leader's word for it comes first.
      third.awaitProblem("has been removed from");
      List<String> said = new ArrayList<>();
      Waiting.await("forty looks at what it says")
          .until(() -> said.add(third.raft().status().problem()) && said.size() == 40);
      assertThat(said).allSatisfy(one -> assertThat(one).contains("has been removed from"));
      third.stop();
      third.joining(through(0, false, first)).start();
      awaitMembers(cluster.node(1), 3, 0);
      cluster.awaitServing();
      cluster.assertEqualContents();
    }
  }

  @Test
  void theLeaderIsRemovedByItsSuccessorAndTheLastVoterNever() {
    try (TestCluster cluster = TestCluster.serving(folder, 2)) {
      Node leader = cluster.awaitLeader();
      Node other = cluster.follower();

      leader.raft().removeNode(leader.id(), TestCluster.TIMEOUT);

      awaitMembers(other, 1, 0);
      leader.awaitProblem("has been removed from its cluster");
      assertThatThrownBy(() -> other.raft().removeNode(other.id(), TestCluster.TIMEOUT))
          .isInstanceOf(RequestRefusedException.class)
          .hasMessageContaining("only voter");
      other.execute("CREATE TABLE t(x)");
      assertThat(other.raft().status().formed()).isTrue();
    }
  }

  @Test
  void aNodeLeavesWhenItStopsIfItsSettingsSaySo() {
    try (TestCluster cluster = begunByOne(2)) {
      Node second =
          cluster
              .node(2)
              .joining(through(0, false, cluster.node(1).address()))
              .leaving(new Leaving(true, null, null))
              .start();
      awaitMembers(cluster.node(1), 2, 0);
      cluster.awaitServing();

      second.stop();

      awaitMembers(cluster.node(1), 1, 0);
      cluster.node(1).execute("INSERT INTO t VALUES(2)");
    }
  }

  @Test
  void aSilentNodeIsRemoved() {
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      cluster
          .nodes()
          .forEach(node -> node.leaving(new Leaving(false, Duration.ofSeconds(2), null)));
      cluster.startAll();
      cluster.lead(cluster.node(1));

      cluster.node(3).crash();

      awaitMembers(cluster.node(1), 2, 0);
      // The members have changed a moment before the removal is done, and counted.
      Waiting.await("the removal is counted once")
          .until(() -> reaped(cluster.node(1)) + reaped(cluster.node(2)) == 1);
      cluster.node(3).start();
      awaitMembers(cluster.node(1), 3, 0);
    }
  }

  /** How many this node has had removed; it is another one that leads after an election. */
  private static long reaped(TestCluster.Node node) {
    return node.raft().tally().of(Tally.Event.REAPED);
  }

  @Test
  void whoFindsNoClusterGivesUpAndSaysWhy() {
    try (TestCluster cluster = TestCluster.of(folder, 1)) {
      String nobody = "127.0.0.1:" + Ports.free();
      JoinPlan plan =
          new JoinPlan(
              new Contacts.Addresses(List.of(nobody)),
              2,
              Duration.ofMillis(100),
              0,
              Duration.ofMinutes(1),
              false);

      cluster.node(1).joining(plan).start();

      assertThat(cluster.node(1).awaitFailure())
          .extracting(FormationFailed::reason)
          .asString()
          .startsWith("failed to join cluster in 2 attempts")
          .contains(nobody);
    }
  }

  @Test
  void whomTheUsersDoNotLetInIsToldWhatToDo() throws IOException {
    try (TestCluster cluster = TestCluster.of(folder, 2)) {
      Node first = cluster.node(1).withAccess(users()).joining(JoinPlan.NONE).start();
      Waiting.await("a cluster").until(() -> first.raft().status().leads());
      JoinPlan plan =
          new JoinPlan(
              new Contacts.Addresses(List.of(first.address())),
              1,
              Duration.ofMillis(100),
              0,
              Duration.ofMinutes(1),
              false);

      Node second = cluster.node(2).joining(plan).start();

      assertThat(second.awaitFailure().reason())
          .startsWith("failed to join cluster in 1 attempts: not authorized: ")
          .contains("liferaft.security.join-as (-join-as)", "permission join", "names nobody");
    }
  }

  private AccessControl users() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("users.json"),
            "[{\"username\":\"bob\",\"password\":\"secret1\",\"perms\":[\"join\"]}]");
    try (var context = new AnnotationConfigApplicationContext()) {
      TestPropertyValues.of("liferaft.security.auth-file=" + file).applyTo(context);
      context.scan("io.liferaft.security");
      context.refresh();
      return context.getBean(AccessControl.class);
    }
  }

  @Test
  void whoHasAClusterOfItsOwnDoesNotJoinAnother() {
    try (TestCluster cluster = begunByOne(2)) {
      Node second = cluster.node(2).joining(JoinPlan.NONE).start();
      Waiting.await("a cluster of its own").until(() -> second.raft().status().formed());
      second.stop();

      second.joining(through(0, false, cluster.node(1).address())).start();

      assertThat(second.awaitFailure().reason()).contains("only member of a cluster of its own");
      assertThat(cluster.node(1).raft().status().members()).hasSize(1);
    }
  }
}
