package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class AdmissionTests {

  @TempDir Path folder;

  /** One is admitted at a time: the others, which have entered the group, must ask again. */
  @Test
  void everyNodeIsAdmittedThoughAllAskAtOnce() {
    try (TestCluster cluster = TestCluster.of(folder, 5).startAll()) {
      assertThat(cluster.nodes()).allMatch(TestCluster.Node::serves);
    }
  }

  /** Whichever comes first in the list: one that is down would be waited for. */
  @Test
  void leadershipGoesToWhoIsThere() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      for (TestCluster.Node down : List.copyOf(cluster.nodes())) {
        TestCluster.Node leader =
            cluster.nodes().stream().filter(node -> node != down).findFirst().orElseThrow();
        cluster.lead(leader);
        down.die();
        Waiting.await(down.id() + " is missed")
            .until(() -> {
              SqlReply _ = leader.execute("CREATE TABLE IF NOT EXISTS t(x)");
              return leader.raft().status().leads();
            });
        long before = System.nanoTime();

        leader.raft().transferLeadership(null, Duration.ofSeconds(30));

        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(15));
        assertThat(cluster.awaitLeader()).isNotSameAs(leader);
        down.start();
        cluster.awaitServing();
      }
    }
  }

  /** Ratis would leave the change in the log, to be made when the node is back. */
  @Test
  void withoutAMajorityNobodyIsRemovedNowOrLater() {
    try (TestCluster cluster = TestCluster.serving(folder, 2)) {
      TestCluster.Node leader = cluster.awaitLeader();
      TestCluster.Node down = cluster.follower();
      down.crash();

      assertThatThrownBy(() -> leader.raft().removeNode(down.id(), Duration.ofSeconds(20)))
          .satisfiesAnyOf(
              refusal ->
                  assertThat(refusal)
                      .isInstanceOf(NotReadyException.class)
                      .hasMessageContaining("1 of 2 voters answer, and 2 have to agree"),
              refusal -> assertThat(refusal).isInstanceOf(NotLeaderException.class));

      down.start();
      cluster.awaitServing();
      assertThat(cluster.awaitLeader().raft().status().members()).hasSize(2);
      SqlReply _ = cluster.follower().execute("CREATE TABLE t(x)");
      cluster.assertEqualContents();
    }
  }
}
