package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.SmallDisk;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A disk that is really full, met by SQLite, by Ratis and by us. */
class FullDiskIT {

  private static final String SIZE = "64m";

  @TempDir Path folder;

  @Test
  void aLoneNodeSaysSoAndGoesOnWhenThereIsRoom() throws Exception {
    LiferaftProcess node = new LiferaftProcess("n1", folder.resolve("n1"));
    try (SmallDisk disk = SmallDisk.mount(node.dataDir(), SIZE);
        node) {
      node.with("liferaft.raft.snapshot.entries", "100").start();
      NodeCluster.awaitReady(node);
      JsonNode _ = node.client().execute("CREATE TABLE t(id INTEGER PRIMARY KEY, b)");
      Writes writes = new Writes(List.of(node));
      writes.during(disk::fill, () -> refusal(node).contains("disk"));

      // Met by the reserve, or by the log first: then it opens its data again before it says so.
      Waiting.await("a refusal that says why")
          .untilAsserted(() ->
              assertThat(refusal(node))
                  .startsWith("503 ")
                  .containsPattern("the disk of \\S.* is full"));
      assertThat(node.client().live()).isTrue();
      disk.empty();
      Waiting.await("it takes writes by itself").until(() -> write(node, 1_000_000));

      disk.fill();
      node.kill();
      node.start();
      awaitSaysThatTheDiskIsFull(node);
      assertThat(node.client().live()).isTrue();
      assertThat(node.client().ready()).isFalse();
      disk.empty();

      NodeCluster.awaitReady(node);
      writes.verify(node);
      assertThat(node.client().query("strong", "SELECT count(*) FROM t WHERE id = 1000000"))
          .isEqualTo("[[1]]");
    }
  }

  @Test
  void oneOfThreeStepsAsideAndComesBack() throws Exception {
    try (NodeCluster cluster =
        new NodeCluster(folder, 3, List.of("liferaft.raft.snapshot.entries=100"))) {
      LiferaftProcess sick = cluster.node(0);
      try (SmallDisk disk = SmallDisk.mount(sick.dataDir(), SIZE)) {
        cluster.startAndAwaitReady();
        if (cluster.awaitLeader() != sick) {
          cluster.transferLeadership(sick);
        }
        JsonNode _ = sick.client().execute("CREATE TABLE t(id INTEGER PRIMARY KEY, b)");
        List<LiferaftProcess> sound = List.of(cluster.node(1), cluster.node(2));
        Writes writes = new Writes(cluster.nodes());

        writes.during(
            disk::fill,
            () ->
                LiferaftProcess.leaders(sound).findAny().isPresent()
                    && !sick.client().ready()
                    && sick.client().get("/actuator/health").body().contains("disk"));

        assertThat(sick.client().live()).isTrue();
        int before = writes.acknowledged();
        writes.during(() -> {}, () -> writes.acknowledged() > before + 200);
        // An election while the disk is full: Ratis cannot write down its votes.
        LiferaftProcess leader = LiferaftProcess.leaders(sound).findAny().orElseThrow();
        leader.kill();
        Waiting.await("its readiness goes")
            .until(() ->
                !sound.stream().filter(n -> n != leader).findAny().orElseThrow().client().ready());
        sick.kill();
        sick.start();
        // Else it would open, slow as a start is, when there is room again.
        awaitSaysThatTheDiskIsFull(sick);
        disk.empty();
        leader.start();

        cluster.awaitReady();
        writes.verify(cluster.awaitLeader());
        // A node that was ready may have to take the leader's copy: not ready for a moment.
        Waiting.await("equal contents")
            .untilAsserted(() -> assertThat(cluster.dump()).isNotEmpty());
        cluster.kill();
      }
    }
  }

  private static void awaitSaysThatTheDiskIsFull(LiferaftProcess node) {
    Waiting.await(node.id() + " says why it is not ready")
        .until(
            () -> node.client().get("/actuator/health").body(),
            body -> body.contains("the disk of ") && body.contains(" is full"));
  }

  private static boolean write(LiferaftProcess node, int id) {
    RqliteClient.Answer answer =
        node.client()
            .post("/db/execute", "[\"INSERT OR IGNORE INTO t VALUES(%d, 'late')\"]".formatted(id));
    return answer.status() == 200 && !answer.body().contains("error");
  }

  private static String refusal(LiferaftProcess node) {
    RqliteClient.Answer answer =
        node.client().post("/db/execute?timeout=2s", "[\"DELETE FROM t WHERE id < 0\"]");
    return answer.status() + " " + answer.body();
  }

  /** Rows that were acknowledged, from two writers. */
  private static final class Writes {
    private final List<LiferaftProcess> nodes;
    private final AtomicInteger next = new AtomicInteger();
    private final Set<Integer> acknowledged = ConcurrentHashMap.newKeySet();

    Writes(List<LiferaftProcess> nodes) {
      this.nodes = nodes;
    }

    int acknowledged() {
      return acknowledged.size();
    }

    /** Writes, acts, and writes on until something is so. */
    void during(Runnable action, java.util.concurrent.Callable<Boolean> until) throws Exception {
      AtomicBoolean stop = new AtomicBoolean();
      int before = acknowledged.size();
      try (ExecutorService writers = Executors.newFixedThreadPool(2)) {
        List<Future<?>> running =
            List.of(writers.submit(() -> write(stop, 0)), writers.submit(() -> write(stop, 1)));
        try {
          Waiting.await("some writes").until(() -> acknowledged.size() > before + 50);
          action.run();
          Waiting.await("what the writes go on for").until(until);
        } finally {
          stop.set(true);
        }
        for (Future<?> each : running) {
          Object _ = each.get();
        }
      }
    }

    private void write(AtomicBoolean stop, int number) {
      while (!stop.get()) {
        int id = next.incrementAndGet();
        LiferaftProcess node = nodes.get((id + number) % nodes.size());
        RqliteClient.Answer answer =
            node.client()
                .post(
                    "/db/execute?timeout=5s",
                    "[\"INSERT INTO t VALUES(%d, randomblob(2000))\"]".formatted(id));
        if (answer.status() == 200 && !answer.body().contains("error")) {
          acknowledged.add(id);
        }
      }
    }

    void verify(LiferaftProcess node) {
      String rows = node.client().query("strong", "SELECT id FROM t");
      List<Integer> found =
          java.util.Arrays.stream(rows.replaceAll("[\\[\\]]", "").split(",", -1))
              .map(Integer::valueOf)
              .toList();
      assertThat(found).doesNotHaveDuplicates().containsAll(acknowledged);
    }
  }
}
