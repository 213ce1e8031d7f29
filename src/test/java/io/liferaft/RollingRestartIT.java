package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Every node stopped and started again, one after the other, as Kubernetes does it for a new
 * version: whoever asks another node when one says that it cannot serve notices nothing.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("RollingRestartIT")
class RollingRestartIT {

  private static final int CLIENTS = 6;

  /** Rows before, while and after a node is away. */
  private static final int SOME = 100;

  private static final String LEADS = "This node leads in term";

  @TempDir Path folder;

  @Test
  void restartingEachNodeFailsNoRequestAndChangesTheLeaderOnceForEachThatLed() throws Exception {
    // Leadership is handed on, so no time-out decides; a machine that is late must not, either.
    List<String> settings = List.of("liferaft.raft.election-timeout=4s");
    try (NodeCluster cluster = new NodeCluster(folder, 3, settings)) {
      cluster.startAndAwaitReady();
      cluster.awaitLeader().client().execute("CREATE TABLE w(id INTEGER PRIMARY KEY)");
      Requests requests = new Requests(cluster.nodes());
      AtomicBoolean stop = new AtomicBoolean();
      long elections = elections(cluster);
      int led = 0;
      try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
          int first = i;
          running.add(clients.submit(() -> requests.send(first, stop)));
        }
        try {
          for (LiferaftProcess node : cluster.nodes()) {
            requests.awaitMore(SOME);
            led += cluster.awaitLeader() == node ? 1 : 0;
            node.stop();
            requests.awaitMore(SOME);
            node.start();
            NodeCluster.awaitCaughtUp(node);
          }
          requests.awaitMore(SOME);
        } finally {
          stop.set(true);
        }
        for (Future<?> each : running) {
          Object _ = each.get();
        }
      }

      assertThat(requests.failed).as("neither answered nor refused for certain").isEmpty();
      assertThat(elections(cluster) - elections).as("changes of leader").isEqualTo(led);
      assertThat(cluster.awaitLeader().client().query("strong", "SELECT count(*) FROM w"))
          .isEqualTo("[[%d]]".formatted(requests.done.get()));
      String _ = cluster.dump();
    }
  }

  private static long elections(NodeCluster cluster) {
    return cluster.nodes().stream()
        .flatMap(node -> node.logText().lines())
        .filter(line -> line.contains(LEADS))
        .count();
  }

  /** Clients that write a row and read it, each time at the node that last answered. */
  private static final class Requests {

    private final List<LiferaftProcess> nodes;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final List<String> failed = java.util.Collections.synchronizedList(new ArrayList<>());

    Requests(List<LiferaftProcess> nodes) {
      this.nodes = nodes;
    }

    void awaitMore(int count) {
      int target = done.get() + count;
      Waiting.await("%d rows written and read".formatted(target))
          .until(() -> done.get() >= target || !failed.isEmpty());
    }

    void send(int first, AtomicBoolean stop) {
      int at = first;
      while (!stop.get() && failed.isEmpty()) {
        int id = next.incrementAndGet();
        at =
            until(
                at, "/db/execute", "[\"INSERT INTO w VALUES(%d)\"]".formatted(id), "rows_affected");
        at =
            until(
                at,
                "/db/query?level=strong",
                "[\"SELECT id FROM w WHERE id = %d\"]".formatted(id),
                "[[" + id + "]]");
        done.incrementAndGet();
      }
    }

    /** Goes on to the next node as long as one cannot be reached or refuses; which one answered. */
    private int until(int first, String path, String body, String expected) {
      for (int at = first; ; at++) {
        RqliteClient.Answer answer = nodes.get(at % nodes.size()).client().post(path, body);
        if (answer.status() == 200 && answer.body().contains(expected)) {
          return at;
        }
        boolean refused =
            (answer.status() == 503 && !answer.body().contains("unknown"))
                || answer.body().contains("ConnectException");
        if (!refused) {
          failed.add(path + ": " + answer.status() + " " + answer.body());
          return at;
        }
        if (at - first > 1000) {
          failed.add(path + ": no node takes it: " + answer.status() + " " + answer.body());
          return at;
        }
      }
    }
  }
}
