package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Processes killed at the steps of {@code raft.CrashPointTests}: at two of each operation, and with
 * the soak profile at all.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("KillPointIT")
class KillPointIT extends KillPoints {

  /** Other steps with another seed, the same with the same. */
  private final Random random = new Random(4);

  private int anyStepOf(int from, int to) {
    return random.nextInt(from, to + 1);
  }

  @Test
  void aLoneNodeKilledInFoundingCheckpointAndLoadGoesOn() throws IOException, SQLException {
    assertThat(founding(anyStepOf(2, 5))).isTrue();
    assertThat(founding(anyStepOf(6, 9))).isTrue();
    try (LiferaftProcess node = killable(new LiferaftProcess("n1", folder.resolve("n1")))) {
      lone(node);
      assertThat(checkpoint(node, anyStepOf(2, 5))).isTrue();
      assertThat(checkpoint(node, anyStepOf(6, 13))).isTrue();
      assertThat(load(node, anyStepOf(3, 8))).isTrue();
      assertThat(load(node, anyStepOf(9, 15))).isTrue();
      assertThat(deaths(node).lines()).hasSize(4);
    }
  }

  @Test
  void aNodeOfThreeKilledInItsAdmissionOrAnInstallComesIn() throws IOException {
    try (NodeCluster cluster = three()) {
      assertThat(comesBack(cluster, true, anyStepOf(6, 10), anyStepOf(11, 20))).isTrue();
      assertThat(comesBack(cluster, false, anyStepOf(3, 9), anyStepOf(4, 9))).isTrue();
    }
  }

  @Test
  @Tag("soak")
  void aLoneNodeIsKilledAtEveryStep() throws IOException, SQLException {
    int step = 1;
    while (founding(step)) {
      step++;
    }
    assertThat(step).isGreaterThan(8);
    try (LiferaftProcess node = killable(new LiferaftProcess("n1", folder.resolve("n1")))) {
      lone(node);
      step = 1;
      while (checkpoint(node, step)) {
        step++;
      }
      assertThat(step).isGreaterThan(12);
      // A load that dies earlier is not committed, and holds up the next for a while.
      step = 3;
      while (load(node, step)) {
        step++;
      }
      assertThat(step).isGreaterThan(12);
    }
  }

  @Test
  @Tag("soak")
  void aNodeOfThreeIsKilledAtEveryStep() throws IOException {
    try (NodeCluster cluster = three()) {
      for (boolean disk : List.of(true, false)) {
        int step = 1;
        while (comesBack(cluster, disk, step)) {
          step++;
        }
        assertThat(step).isGreaterThan(10);
      }
    }
  }

  private void lone(LiferaftProcess node) {
    node.start();
    NodeCluster.awaitReady(node);
    begin(node);
    // Without a record a start takes everything from the log, whatever else is there.
    assertThat(node.client().get("/db/backup").status()).isEqualTo(200);
  }

  private NodeCluster three() {
    NodeCluster cluster =
        new NodeCluster(
            folder.resolve("three"),
            3,
            List.of("liferaft.raft.snapshot.entries=5", "liferaft.raft.snapshot.trailing-log=0B"));
    cluster.nodes().forEach(KillPoints::killable);
    NodeCluster started = cluster.startAndAwaitReady();
    begin(cluster.awaitLeader());
    return started;
  }
}
