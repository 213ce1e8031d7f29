package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Killed at any moment, nodes come back by themselves with every acknowledged write, each once. */
@Isolated("16 writers and three nodes are load enough")
class KillIT {

  private static final Logger log = LoggerFactory.getLogger(KillIT.class);

  private static final int WRITERS = 16;
  private static final String INSTALLED = "This node goes on from the leader's copy";

  /** Nothing of it stays behind a snapshot. */
  private static final List<String> CUT =
      List.of("liferaft.raft.snapshot.entries=200", "liferaft.raft.snapshot.trailing-log=0B");

  /** Another one each run would find more, and explain less: -Dliferaft.seed= for others. */
  private static final long SEED = Long.getLong("liferaft.seed", 20_261_124);

  @TempDir Path folder;

  @Test
  void aLoneNodeKilledUnderWritesKeepsEveryAcknowledgedOne() throws Exception {
    try (NodeCluster one =
        new NodeCluster(folder, 1, List.of("liferaft.raft.snapshot.entries=200"))) {
      one.startAndAwaitReady();
      AcknowledgedWrites writes = new AcknowledgedWrites(one.nodes(), WRITERS);

      for (int round = 0; round < 5; round++) {
        int more = 150 * (round + 1);
        writes.during(() -> {
          writes.awaitMore(more);
          one.kill();
        });
        one.startAndAwaitReady();
      }

      writes.verify();
    }
  }

  @Test
  void threeNodesOutliveKillsOfLeadersFollowersAndAll() throws Exception {
    survive(7, CUT, true);
  }

  @Test
  @Tag("soak")
  void threeNodesOutliveFortyKills() throws Exception {
    survive(40, List.of(), false);
  }

  @Test
  @Tag("soak")
  void threeNodesOutliveFortyKillsWithALogCutAllTheTime() throws Exception {
    survive(40, CUT, true);
  }

  /**
   * Kills one node after the other, twice all of them, while all nodes are written to.
   *
   * @param cut whether each third victim stays away until the others have cut their log, so that it
   *     comes back by taking the leader's copy
   */
  private void survive(int kills, List<String> settings, boolean cut) throws Exception {
    Random random = new Random(SEED);
    try (NodeCluster cluster = new NodeCluster(folder, 3, settings)) {
      cluster.startAndAwaitReady();
      AcknowledgedWrites writes = new AcknowledgedWrites(cluster.nodes(), WRITERS);

      writes.during(() -> {
        for (int kill = 1; kill <= kills; kill++) {
          writes.awaitMore(50 + random.nextInt(200));
          if (kill == kills / 3 || kill == 2 * kills / 3) {
            cluster.kill();
            cluster.start();
          } else {
            LiferaftProcess victim = victim(cluster, random);
            victim.kill();
            if (cut && kill % 3 == 1) {
              cutTheLogOfTheOthers(cluster, writes);
            }
            victim.start();
            if (random.nextBoolean() || (cut && kill % 3 == 1)) {
              NodeCluster.awaitReady(victim);
            }
          }
        }
        cluster.awaitReady();
        writes.awaitMore(100);
      });

      log.info("After {} kills with seed {}: {}", kills, SEED, writes);
      writes.verify();
      assertThat(cluster.dump()).isNotEmpty();
      assertThat(cluster.nodes())
          .allSatisfy(node ->
              assertThat(node.logText())
                  .doesNotContain(
                      "opens its data again", "gives up its local data", "OutOfMemory"));
      if (cut) {
        assertThat(cluster.nodes().stream().filter(n -> n.logText().contains(INSTALLED)))
            .as("took the leader's copy")
            .isNotEmpty();
      }
    }
  }

  /** The leader every other time. */
  private static LiferaftProcess victim(NodeCluster cluster, Random random) {
    return random.nextBoolean()
        ? cluster.awaitLeader()
        : cluster.node(random.nextInt(cluster.nodes().size()));
  }

  /** A change of leader closes the log's segment, the checkpoints after it let it go. */
  private static void cutTheLogOfTheOthers(NodeCluster cluster, AcknowledgedWrites writes) {
    writes.awaitMore(250);
    LiferaftProcess leader = cluster.awaitLeader();
    LiferaftProcess other =
        cluster.nodes().stream().filter(n -> n.alive() && n != leader).findFirst().orElseThrow();
    Waiting.await("another leader")
        .until(() -> {
          var _ = leader.client().post("/leader?wait", "{\"id\": \"" + other.id() + "\"}");
          return LiferaftProcess.leaders(cluster.nodes()).anyMatch(n -> n != leader);
        });
    writes.awaitMore(600);
  }
}
