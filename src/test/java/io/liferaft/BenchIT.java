package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The load generator of the shipped program, against nodes of it. What it measures is compared only
 * with {@code ./mvnw -Pbench verify -Dother=host:port}, where a second server of the same API
 * stands beside them; then target/bench.md has the table.
 */
@Isolated("it measures")
class BenchIT {

  private static final String OTHER = System.getProperty("liferaft.bench.other", "");
  private static final String OTHER_PIDS = System.getProperty("liferaft.bench.other-pids", "");

  private @TempDir Path folder;

  @Test
  void everyWorkIsAnsweredWithoutAnError() throws Exception {
    try (NodeCluster cluster = new NodeCluster(folder, 1, List.of())) {
      cluster.startAndAwaitReady();

      LiferaftProcess.Said said =
          cluster
              .node(0)
              .run(
                  "bench",
                  "--target=" + cluster.node(0).httpAddress(),
                  "--pid=" + cluster.node(0).pid(),
                  "--work=write,bulk,queued,none,weak,linearizable,strong,large",
                  "--connections=2",
                  "--rounds=1",
                  "--seconds=1",
                  "--warmup=0",
                  "--rows=1000",
                  "--json");

      assertThat(said.status()).as(said.text()).isZero();
      JsonNode rows = JsonMapper.shared().readTree(said.text().substring(said.text().indexOf('[')));
      assertThat(rows).hasSize(8);
      for (JsonNode row : rows) {
        JsonNode figures = row.get("figures");
        assertThat(figures.get("errors").asInt()).as(row.toString()).isZero();
        assertThat(figures.get("per_second").asDouble()).as(row.toString()).isPositive();
        assertThat(figures.get("cpu_us").asDouble()).as(row.toString()).isPositive();
      }
    }
  }

  @Test
  void aServerThatIsNotThereIsToldInOneLine() {
    LiferaftProcess node = new LiferaftProcess("n1", folder);
    LiferaftProcess.Said said = node.run("bench", "--target=" + node.httpAddress());

    assertThat(said.status()).isEqualTo(1);
    assertThat(said.text())
        .startsWith("liferaftd bench: no connection to " + node.httpAddress())
        .hasLineCount(1);
  }

  @Test
  @Tag("bench")
  void figures() throws Exception {
    List<String> report = new ArrayList<>();
    for (int size : List.of(1, 3)) {
      try (NodeCluster cluster = new NodeCluster(folder.resolve("of" + size), size, List.of())) {
        cluster.shipped().startAndAwaitReady();
        LiferaftProcess leader = cluster.awaitLeader();
        List<String> words =
            new ArrayList<>(
                List.of(
                    "bench",
                    "--target=" + leader.httpAddress(),
                    "--pid=" + cluster.pids(),
                    "--work=write,bulk,queued,none,weak,linearizable,strong,large"));
        if (!OTHER.isEmpty()) {
          words.add("--other=" + OTHER);
          words.add("--other-pid=" + OTHER_PIDS);
        }
        LiferaftProcess.Said said = leader.runFor(3600, words.toArray(String[]::new));
        assertThat(said.status()).as(said.text()).isZero();
        report.add("## Nodes: " + size + "\n");
        report.add(said.text().substring(said.text().indexOf("| work")));
      }
    }
    Files.write(Path.of("target", "bench.md"), report);
  }
}
