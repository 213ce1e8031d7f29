package io.liferaft;

import io.liferaft.support.LiferaftProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * From SIGKILL of the leader to the first write that another node takes, by the election time-out:
 * {@code ./mvnw -Pbench -Dit.test=FailoverIT verify} writes target/failover-*.md.
 */
@Tag("bench")
@Isolated("it measures")
class FailoverIT {

  private static final int TIMES = 11;

  private @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"1s", "500ms", "300ms"})
  void untilAnotherNodeTakesAWrite(String timeout) throws Exception {
    List<Double> seconds = new ArrayList<>();
    try (NodeCluster three =
        new NodeCluster(folder, 3, List.of("liferaft.raft.election-timeout=" + timeout))) {
      three.shipped().startAndAwaitReady();
      three.awaitLeader().client().execute("CREATE TABLE t (x INTEGER)");
      for (int i = 0; i < TIMES; i++) {
        LiferaftProcess leader = three.awaitLeader();
        List<LiferaftProcess> others =
            three.nodes().stream().filter(node -> node != leader).toList();
        leader.kill();
        long killed = System.nanoTime();
        seconds.add((firstWrite(others) - killed) / 1e9);
        leader.start();
        three.awaitReady();
      }
    }
    Files.writeString(
        Path.of("target", "failover-%s.md".formatted(timeout)),
        "| %s | %.2f | %s |%n"
            .formatted(
                timeout,
                seconds.stream().sorted().toList().get(TIMES / 2),
                seconds.stream().map("%.2f"::formatted).collect(Collectors.joining(", "))));
  }

  /** Each is asked by a thread of its own, again and again. */
  private static long firstWrite(List<LiferaftProcess> nodes) throws InterruptedException {
    BlockingQueue<Long> first = new ArrayBlockingQueue<>(nodes.size());
    for (LiferaftProcess node : nodes) {
      Thread _ =
          Thread.ofVirtual()
              .start(() -> {
                while (node.client().post("/db/execute", "[\"INSERT INTO t VALUES (1)\"]").status()
                    != 200) {
                  Thread.onSpinWait();
                }
                first.add(System.nanoTime());
              });
    }
    return first.take();
  }
}
