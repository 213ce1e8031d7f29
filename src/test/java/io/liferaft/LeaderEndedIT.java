package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A leader whose process ends is told from one that only says nothing. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("LeaderEndedIT")
class LeaderEndedIT {

  private static final String STANDS = "this node stands for election";

  @TempDir private Path folder;

  @Test
  void theOthersElectAtOnceWhenItsProcessHasEndedAndWaitWhenItHasNot() {
    try (NodeCluster three =
        new NodeCluster(folder, 3, List.of("liferaft.raft.election-timeout=5s"))) {
      three.startAndAwaitReady();
      LiferaftProcess killed = three.awaitLeader();
      killed.client().execute("CREATE TABLE t (id INTEGER PRIMARY KEY)");

      killed.kill();
      LiferaftProcess next = awaitOtherLeader(three, killed);

      assertThat(next.logText()).contains("The leader " + killed.id() + " has ended", STANDS);
      assertThat(ended(three, killed)).as("one of them stands").isEqualTo(1);
      next.client().execute("INSERT INTO t VALUES (1)");
      NodeCluster.awaitReady(killed.start());
      assertThat(three.dump()).isNotEmpty();

      next.suspend();
      LiferaftProcess asked =
          three.nodes().stream().filter(node -> node != next).findAny().orElseThrow();
      RqliteClient client = asked.client();
      CompletableFuture<RqliteClient.Answer> onItsWay =
          onItsWay(() -> client.post("/db/execute?timeout=10m", "[\"INSERT INTO t VALUES (3)\"]"));
      List<CompletableFuture<RqliteClient.Answer>> others =
          List.of(
              onItsWay(() -> client.get("/db/backup?timeout=10m")),
              onItsWay(() -> client.post("/leader?wait&timeout=10m", "")),
              onItsWay(() -> client.delete("/remove?timeout=10m", "{\"id\": \"nobody\"}")),
              onItsWay(() -> client.get("/readyz?sync&timeout=10m")));
      LiferaftProcess third = awaitOtherLeader(three, next);

      assertThat(onItsWay)
          .as("what a paused leader was sent is answered when another one leads")
          .succeedsWithin(Duration.ofMinutes(2))
          .satisfies(answer ->
              assertThat(answer.body())
                  .contains("another node leads now", "the outcome is unknown"));
      assertThat(others)
          .allSatisfy(other -> assertThat(other).succeedsWithin(Duration.ofMinutes(2)));
      assertThat(others.subList(0, 3))
          .as("backup, stepping down, removal")
          .allSatisfy(other -> assertThat(other.join().status()).isEqualTo(200));
      assertThat(third.client().get("/status?key=store.raft.state").body())
          .as("leadership was not moved once more")
          .contains("Leader");

      assertThat(ended(three, next)).as("a paused one has not ended").isZero();
      third.client().execute("INSERT INTO t VALUES (2)");
      next.resume();
      three.awaitReady();
      assertThat(three.dump()).isNotEmpty();
    }
  }

  private static CompletableFuture<RqliteClient.Answer> onItsWay(
      Supplier<RqliteClient.Answer> call) {
    return CompletableFuture.supplyAsync(call, work -> Thread.ofVirtual().start(work));
  }

  private static LiferaftProcess awaitOtherLeader(NodeCluster three, LiferaftProcess former) {
    List<LiferaftProcess> others = three.nodes().stream().filter(node -> node != former).toList();
    Waiting.await("another node leads")
        .until(() -> LiferaftProcess.leaders(others).findAny().isPresent());
    return LiferaftProcess.leaders(others).findAny().orElseThrow();
  }

  private static long ended(NodeCluster three, LiferaftProcess leader) {
    return three.nodes().stream()
        .filter(node -> node != leader)
        .filter(node -> node.logText().contains("The leader " + leader.id() + " has ended"))
        .count();
  }
}
