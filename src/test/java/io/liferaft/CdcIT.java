package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.ChangeEndpoint;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Changes reach the endpoint whatever becomes of the leader, in the order of the log. */
class CdcIT {

  @TempDir Path folder;
  private final ChangeEndpoint endpoint = new ChangeEndpoint();

  @Test
  void everyChangeArrivesThoughLeadersAreKilledAndTheEndpointIsDown() throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("cdc.json"),
            """
            {"endpoint":"%s","service_id":"shop","max_batch_delay":"20ms",
             "high_watermark_interval":200000000,"transmit_min_backoff":"100ms"}\
            """
                .formatted(endpoint.address()));
    try (endpoint;
        NodeCluster cluster =
            new NodeCluster(folder, 3, List.of("liferaft.cdc.config=" + config))) {
      cluster.startAndAwaitReady();
      Waiting.await("the capture has begun")
          .until(() -> leader(cluster).get("/status?key=cdc").json().path("is_leader").asBoolean());
      leader(cluster).execute("CREATE TABLE t(a INTEGER PRIMARY KEY)");
      awaitCapture(cluster);
      List<Long> indexes = new ArrayList<>();
      write(cluster, indexes, 20);
      endpoint.answer(503);
      write(cluster, indexes, 20);
      LiferaftProcess killed = cluster.awaitLeader();
      killed.kill();
      Waiting.await("another leader")
          .until(() ->
              LiferaftProcess.leaders(
                      cluster.nodes().stream().filter(LiferaftProcess::alive).toList())
                  .findFirst()
                  .isPresent());
      write(cluster, indexes, 20);
      endpoint.answer(202);
      write(cluster, indexes, 20);
      killed.start();
      NodeCluster.awaitReady(killed);
      cluster.transferLeadership(killed);
      write(cluster, indexes, 20);
      cluster.kill();
      cluster.startAndAwaitReady();
      write(cluster, indexes, 20);

      Waiting.await("every change")
          .untilAsserted(() -> assertThat(endpoint.indexes()).containsAll(indexes));
      Set<Long> first = new LinkedHashSet<>(endpoint.indexes());
      first.retainAll(indexes);
      assertThat(first).as("in order, but for repetitions").containsExactlyElementsOf(indexes);
      assertThat(endpoint.commits().stream().map(CdcIT::inserted).distinct())
          .contains(1L, 60L, 120L);
      Waiting.await("all queues are empty")
          .until(() ->
              cluster.nodes().stream()
                  .allMatch(node ->
                      node.client().get("/status?key=cdc.fifo").json().path("length").asInt(-1)
                          == 0));
    }
  }

  private static io.liferaft.support.RqliteClient leader(NodeCluster cluster) {
    return LiferaftProcess.leaders(cluster.nodes().stream().filter(LiferaftProcess::alive).toList())
        .findFirst()
        .orElseThrow()
        .client();
  }

  /** Writes to another table until the endpoint has seen it. */
  private void awaitCapture(NodeCluster cluster) {
    leader(cluster).execute("CREATE TABLE probe(a)");
    Waiting.await("the first change")
        .until(() -> {
          leader(cluster).execute("INSERT INTO probe VALUES(1)");
          return !endpoint.indexes().isEmpty();
        });
  }

  private static void write(NodeCluster cluster, List<Long> indexes, int count) {
    for (int i = 0; i < count; i++) {
      JsonNode answer =
          leader(cluster)
              .post(
                  "/db/execute?raft_index&retries=5",
                  "[\"INSERT INTO t(a) VALUES(%d)\"]".formatted(indexes.size() + 1))
              .json();
      assertThat(answer.path("results").path(0).has("error")).as(answer.toString()).isFalse();
      indexes.add(answer.path("raft_index").asLong());
    }
  }

  private static long inserted(JsonNode commit) {
    return commit.path("events").path(0).path("after").path("a").asLong();
  }
}
