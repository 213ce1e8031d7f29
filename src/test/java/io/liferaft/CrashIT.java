package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Killed at any moment, a node comes back by itself with every acknowledged write, each once. */
class CrashIT {

  private static final int WRITERS = 8;
  private static final String DIGEST =
      "SELECT count(*), sum(id), sum(noise % 1000003), min(at), max(at), total(length(b)) FROM w";

  @TempDir Path folder;

  @Test
  void aLoneNodeKilledUnderWritesKeepsEveryAcknowledgedOne() throws Exception {
    try (LiferaftProcess node = new LiferaftProcess("n1", folder.resolve("n1"))) {
      node.with("liferaft.raft.snapshot.entries", "200").start();
      createTable(node);
      Writes writes = new Writes(List.of(node));

      for (int round = 0; round < 5; round++) {
        writes.during(150 * (round + 1), node::kill);
        node.start();
        awaitReady(node);
      }

      writes.verify(node);
    }
  }

  @Test
  void theLeaderOfThreeKilledUnderWritesLosesNothing() throws Exception {
    List<LiferaftProcess> nodes = LiferaftProcess.cluster(folder, 3);
    try {
      nodes.forEach(node -> node.with("liferaft.raft.snapshot.entries", "200").start());
      createTable(nodes.getFirst());
      Writes writes = new Writes(nodes);

      for (int round = 0; round < 3; round++) {
        LiferaftProcess leader =
            Waiting.await("a leader")
                .until(() -> LiferaftProcess.leaders(nodes).toList(), found -> found.size() == 1)
                .getFirst();
        writes.during(300, leader::kill);
        leader.start();
        awaitReady(leader);
      }

      nodes.forEach(CrashIT::awaitReady);
      writes.verify(nodes.getFirst());
      String expected = nodes.getFirst().client().query("linearizable", DIGEST);
      for (LiferaftProcess node : nodes) {
        Waiting.await(node.id() + " holds what the others hold")
            // A node that was ready may have to take the leader's copy: not ready for a moment.
            .untilAsserted(
                () -> assertThat(node.client().query("none", DIGEST)).isEqualTo(expected));
      }
    } finally {
      nodes.forEach(LiferaftProcess::close);
    }
  }

  private static void createTable(LiferaftProcess node) {
    awaitReady(node);
    JsonNode _ =
        node.client()
            .execute(
                "CREATE TABLE w(id INTEGER, noise INTEGER DEFAULT (random()), at TEXT DEFAULT CURRENT_TIMESTAMP, b BLOB DEFAULT (randomblob(20)))");
  }

  private static void awaitReady(LiferaftProcess node) {
    Waiting.await(node.id() + " is ready: " + node.log()).until(() -> node.client().ready());
  }

  /** Rows with numbers of their own, and which of them were acknowledged. */
  private static final class Writes {
    private final List<LiferaftProcess> nodes;
    private final AtomicInteger next = new AtomicInteger();
    private final Queue<Integer> acknowledged = new ConcurrentLinkedQueue<>();
    private final Queue<Integer> refused = new ConcurrentLinkedQueue<>();

    Writes(List<LiferaftProcess> nodes) {
      this.nodes = nodes;
    }

    /** Writes from all sides; in the middle of it, when so many more were acknowledged, acts. */
    void during(int count, Runnable action) throws Exception {
      java.util.concurrent.atomic.AtomicBoolean stop =
          new java.util.concurrent.atomic.AtomicBoolean();
      int target = acknowledged.size() + count;
      try (ExecutorService writers = Executors.newFixedThreadPool(WRITERS)) {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
          RqliteClient client = nodes.get(i % nodes.size()).client();
          running.add(
              writers.submit(() -> {
                while (!stop.get()) {
                  write(client);
                }
              }));
        }
        try {
          Waiting.await("%d acknowledged writes".formatted(target))
              .until(() -> acknowledged.size() >= target);
          action.run();
        } finally {
          stop.set(true);
        }
        for (Future<?> each : running) {
          Object _ = each.get();
        }
      }
    }

    private void write(RqliteClient client) {
      int id = next.incrementAndGet();
      RqliteClient.Answer answer =
          client.post("/db/execute?timeout=5s", "[\"INSERT INTO w(id) VALUES(%d)\"]".formatted(id));
      if (answer.status() == 200) {
        assertThat(answer.body()).doesNotContain("error");
        acknowledged.add(id);
      } else if (answer.status() == 503 && answer.body().contains("leader not found")) {
        refused.add(id);
      }
    }

    void verify(LiferaftProcess node) {
      JsonNode rows =
          JsonMapper.builder()
              .build()
              .readTree(node.client().query("strong", "SELECT id FROM w ORDER BY id"));
      List<Integer> stored = new ArrayList<>();
      rows.forEach(row -> stored.add(row.path(0).asInt()));
      assertThat(stored).doesNotHaveDuplicates().containsAll(acknowledged);
      assertThat(new TreeSet<>(stored))
          .as("refused as certainly not done")
          .satisfies(all -> assertThat(refused).noneMatch(all::contains));
    }
  }
}
