package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.ProcessCost;
import io.liferaft.support.ProcessCost.Cost;
import io.liferaft.support.RqliteClient;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * What one request of one client costs a node, in counters instead of times, so that no change
 * makes it dearer unnoticed. The limits are twice what was measured with the first compiler only,
 * which does not keep an object off the heap.
 */
@Isolated("it counts")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HotPathIT {

  private static final int REQUESTS = 1000;

  @AutoClose private NodeCluster cluster;
  private ProcessCost cost;
  private RqliteClient client;

  @BeforeAll
  void start(@TempDir Path folder) {
    cluster = new NodeCluster(folder, 1, List.of("liferaft.backup.target="));
    // Wherever the machine's own name leads to.
    LiferaftProcess _ = cluster.node(0).withJvmOption("-Djava.rmi.server.hostname=127.0.0.1");
    cluster.startAndAwaitReady();
    LiferaftProcess node = cluster.node(0);
    client = node.client();
    cost = new ProcessCost(node);
    client.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    writes();
    reads();
  }

  @AfterAll
  void close() {
    cost.close();
  }

  private void writes() {
    for (int i = 0; i < REQUESTS; i++) {
      client.execute("INSERT INTO t (name) VALUES ('fiona')");
    }
  }

  private void reads() {
    for (int i = 0; i < REQUESTS; i++) {
      String _ = client.query("weak", "SELECT name FROM t WHERE id = 1");
    }
  }

  @Test
  void aWriteOfOneRow() {
    Cost each = cost.of(this::writes).per(REQUESTS);

    long forces = cost.forcesOf(this::writes);

    assertThat(forces)
        .as("forces of %d writes", REQUESTS)
        .isBetween((long) REQUESTS, REQUESTS + REQUESTS / 10L);
    assertThat(each.allocatedBytes()).as("bytes allocated").isLessThan(74_000);
    assumeThat(cost.complete()).isTrue();
    assertThat(each.contextSwitches()).as("context switches").isLessThan(24);
    assertThat(each.writtenBytes()).as("bytes written to files and sockets").isLessThan(9000);
  }

  @Test
  void aReadOfOneRow() {
    Cost each = cost.of(this::reads).per(REQUESTS);
    long forces = cost.forcesOf(this::reads);

    assertThat(forces).as("forces of %d reads", REQUESTS).isLessThan(REQUESTS / 10);
    assertThat(each.allocatedBytes()).as("bytes allocated").isLessThan(45_000);
    assumeThat(cost.complete()).isTrue();
    assertThat(each.contextSwitches()).as("context switches").isLessThan(15);
  }
}
