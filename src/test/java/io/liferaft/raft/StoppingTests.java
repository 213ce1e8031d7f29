package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever has been taken in is answered, also when the node is told to stop. */
class StoppingTests {

  /** Takes a while to apply, on the slowest machine less than a stopping node waits. */
  private static final String SLOW =
      "INSERT INTO t SELECT count(*) FROM"
          + " (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)"
          + " SELECT i FROM n)";

  private static final Executor CALLER =
      task -> {
        Thread _ = Thread.ofPlatform().start(task);
      };

  @TempDir Path folder;

  @Test
  void aLeaderThatStopsAnswersWhatAFollowerHasPassedOn() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node leader = cluster.awaitLeader();
      TestCluster.Node follower = cluster.follower();
      follower.execute("CREATE TABLE t(x)");
      long before = leader.raft().status().lastLogIndex();

      CompletableFuture<Void> written =
          CompletableFuture.runAsync(() -> follower.execute(SLOW), CALLER);
      Waiting.await("the leader has it")
          .pollInterval(Duration.ofMillis(1))
          .until(() -> leader.raft().status().lastLogIndex() > before);
      leader.stop();

      Void _ = written.get(1, TimeUnit.MINUTES);
      assertThat(follower.read(ReadLevel.STRONG, "SELECT x FROM t")).isEqualTo("2000000");
    }
  }

  @Test
  void waitsForTheLastAnswerOnlySoLong() throws Exception {
    ServedCalls calls = new ServedCalls();
    assertThat(calls.awaitNone(Duration.ZERO)).isTrue();
    calls.began();
    calls.began();
    assertThat(calls.awaitNone(Duration.ofMillis(20))).isFalse();

    CompletableFuture<Boolean> none =
        CompletableFuture.supplyAsync(() -> calls.awaitNone(Duration.ofMinutes(1)), CALLER);
    calls.ended();
    calls.ended();

    assertThat(none.get(1, TimeUnit.MINUTES)).isTrue();
  }
}
