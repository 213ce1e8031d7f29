package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import tools.jackson.databind.JsonNode;

/** Trouble that somebody makes for whole nodes: an endless statement, a second process. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("NodeFaultIT")
class NodeFaultIT {

  private static final String RUNAWAY =
      "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i % 1000 = 0";
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir Path folder;

  @Test
  void aRunawayStatementEndsEverywhereAndHoldsOthersUpForItsBudgetOnly() throws Exception {
    try (NodeCluster cluster = new NodeCluster(folder, 3, List.of())) {
      cluster.startAndAwaitReady();
      JsonNode _ = cluster.awaitLeader().client().execute("CREATE TABLE t(id INTEGER PRIMARY KEY)");
      AtomicBoolean stop = new AtomicBoolean();
      try (ExecutorService writers = Executors.newFixedThreadPool(3)) {
        List<Future<Duration>> running = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          RqliteClient client = cluster.node(i).client();
          int number = i;
          running.add(writers.submit(() -> longestWait(client, number, stop)));
        }
        long begin = System.nanoTime();
        RqliteClient.Answer answer =
            cluster
                .node(1)
                .client()
                .post("/db/execute?timeout=60s&db_timeout=1s", "[\"" + RUNAWAY + "\"]");
        Duration took = Duration.ofNanos(System.nanoTime() - begin);
        stop.set(true);

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).contains("execute timeout");
        assertThat(took).isLessThan(LIMIT);
        for (Future<Duration> each : running) {
          assertThat(each.get()).isLessThan(took.plusSeconds(2));
        }
      }
      String _ = cluster.dump();
      assertThat(
              cluster
                  .node(2)
                  .client()
                  .query("strong", "SELECT count(*) FROM t WHERE id >= 1000000"))
          .isEqualTo("[[0]]");

      aSecondProcessOnTheFolderIsRefused(cluster.node(0));
    }
  }

  /** Writes until told to stop; every write must succeed. */
  private static Duration longestWait(RqliteClient client, int number, AtomicBoolean stop) {
    Duration longest = Duration.ZERO;
    for (int i = 0; !stop.get(); i++) {
      long begin = System.nanoTime();
      JsonNode _ = client.execute("INSERT INTO t VALUES(%d)".formatted(number * 100_000 + i));
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      longest = longest.compareTo(took) > 0 ? longest : took;
    }
    return longest;
  }

  /** Kept with the test above, whose nodes are running anyway. */
  private void aSecondProcessOnTheFolderIsRefused(LiferaftProcess first) {
    try (LiferaftProcess second = new LiferaftProcess("n1", folder.resolve("second"))) {
      second.with("liferaft.node.data-dir", first.dataDir().toString()).start();

      Waiting.await("the second process ends").until(() -> !second.alive());

      assertThat(second.exitCode()).isEqualTo(1);
      assertThat(second.logText())
          .contains("the data directory %s is used by another process".formatted(first.dataDir()))
          .doesNotContain("\tat ");
    }
    assertThat(first.client().ready()).isTrue();
    JsonNode _ = first.client().execute("INSERT INTO t VALUES(999999)");
  }
}
