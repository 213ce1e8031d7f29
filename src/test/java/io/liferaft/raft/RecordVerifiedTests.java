package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a restore drill on one node found is known to all, if all can read it. */
class RecordVerifiedTests {

  private static final VerifiedRecord DRILLED =
      new VerifiedRecord("dest", "id", "g", 7, "ab", 4096, 1000, 12, true, false, "n2");

  @TempDir Path folder;

  @Test
  void everyNodeKnowsWhatAFollowerFound() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.awaitLeader().execute("CREATE TABLE t(x)");
      long changed = cluster.awaitLeader().raft().state().changeIndex();

      cluster.follower().raft().recordVerified(DRILLED);

      cluster
          .running()
          .forEach(node ->
              Waiting.await(node.id() + " knows it")
                  .untilAsserted(() ->
                      assertThat(node.raft().state().verified())
                          .isEqualTo(Map.of("dest", new Verification(DRILLED, null)))));
      assertThat(cluster.awaitLeader().raft().state().changeIndex()).isEqualTo(changed);

      VerifiedRecord onLeader =
          new VerifiedRecord("dest", "id", "g", 7, "ab", 4096, 2000, 12, false, false, "n1");
      cluster.awaitLeader().raft().recordVerified(onLeader);
      assertThat(cluster.awaitLeader().raft().state().verified())
          .isEqualTo(Map.of("dest", new Verification(DRILLED, onLeader)));
    }
  }

  /** It may come back as an older version, which the entry would stop. */
  @Test
  void isLeftOutWhileAMemberDoesNotAnswer() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node away = cluster.follower();
      away.stop();
      TestCluster.Node follower = cluster.follower();

      assertThatExceptionOfType(RequestRefusedException.class)
          .isThrownBy(() -> follower.raft().recordVerified(DRILLED))
          .withMessageContaining("node " + away.id() + " did not say");

      assertThat(cluster.awaitLeader().raft().state().verified()).isEmpty();
    }
  }

  @Test
  void everyMemberIsAskedForThisVeryEntry() {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      Peers peers = cluster.node(1).local().peers();
      String address = cluster.node(1).address();

      assertThat(peers.knows(address, LogCommandCodec.BACKUP_VERIFIED, Duration.ofSeconds(5)))
          .isTrue();
      assertThat(peers.knows(address, 1000, Duration.ofSeconds(5))).isFalse();
    }
  }
}
