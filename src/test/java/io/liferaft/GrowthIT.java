package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.Plot;
import io.liferaft.support.ProcessMemory;
import io.liferaft.support.RqliteClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * How rate and latency change with time, size, connections and nodes, as shipped: {@code ./mvnw
 * -Pbench -Dit.test=GrowthIT verify}. Tables and plots go to target/growth.
 */
@Tag("bench")
@Isolated("it measures")
class GrowthIT {

  static final Path INTO = Path.of("target", "growth");
  private static final int MINUTES = Integer.getInteger("liferaft.growth.minutes", 10);

  /** In megabytes. */
  static final List<Long> SIZES =
      Arrays.stream(System.getProperty("liferaft.growth.sizes", "10,100,1000,4000").split(","))
          .map(Long::valueOf)
          .toList();

  private static final List<String> MOST_CONNECTIONS =
      List.of("1", "2", "4", "8", "16", "32", "64", "128", "256", "512");

  private final List<String> report = new ArrayList<>();
  private @TempDir Path folder;

  @AfterEach
  void write(TestInfo test) throws IOException {
    Files.createDirectories(INTO);
    Files.write(INTO.resolve(test.getTestMethod().orElseThrow().getName() + ".md"), report);
  }

  /** One row of a result; every figure by the name that the JSON output gives it. */
  private record Row(String work, int connections, JsonNode figures, JsonNode rounds) {
    double figure(String name) {
      return figures.get(name).asDouble();
    }
  }

  private static List<Row> bench(
      NodeCluster cluster, List<LiferaftProcess> targets, String... words) {
    Stream<String> line =
        Stream.concat(
            Stream.of(
                "bench",
                "--target="
                    + targets.stream()
                        .map(LiferaftProcess::httpAddress)
                        .collect(Collectors.joining(",")),
                "--pid=" + cluster.pids(),
                "--json"),
            Stream.of(words));
    LiferaftProcess.Said said = targets.getFirst().runFor(7200, line.toArray(String[]::new));
    assertThat(said.status()).as(said.text()).isZero();
    JsonNode json = JsonMapper.shared().readTree(said.text().substring(said.text().indexOf('[')));
    List<Row> rows = new ArrayList<>();
    for (JsonNode row : json) {
      assertThat(row.get("figures").get("errors").asInt()).as(row.toString()).isZero();
      rows.add(
          new Row(
              row.get("work").asString(),
              row.get("connections").asInt(),
              row.get("figures"),
              row.get("rounds")));
    }
    return rows;
  }

  private NodeCluster shipped(String name, int size) {
    return new NodeCluster(folder.resolve(name), size, List.of()).shipped().startAndAwaitReady();
  }

  /** No cliff: every ten seconds of the whole time, checkpoints among them, are told. */
  @Test
  void time() throws IOException {
    try (NodeCluster one = shipped("one", 1)) {
      LiferaftProcess node = one.node(0);
      double before = checkpoints(node.client());
      Row row =
          bench(
                  one,
                  one.nodes(),
                  "--work=write",
                  "--connections=64",
                  "--warmup=0",
                  "--seconds=10",
                  "--rounds=" + MINUTES * 6)
              .getFirst();
      double checkpoints = checkpoints(node.client()) - before;
      report.add("| minute | writes a second | p50 ms | p99 ms | p99.9 ms | max ms | CPU µs |");
      report.add("| --- | --- | --- | --- | --- | --- | --- |");
      for (int i = 0; i < row.rounds().size(); i++) {
        JsonNode round = row.rounds().get(i);
        report.add(
            line(
                "%.1f".formatted((i + 1) / 6.0),
                round,
                "per_second",
                "p50_ms",
                "p99_ms",
                "p999_ms",
                "max_ms",
                "cpu_us"));
      }
      report.add("\nCheckpoints: %.0f".formatted(checkpoints));
      double[] minutes =
          IntStream.rangeClosed(1, row.rounds().size()).mapToDouble(i -> i / 6.0).toArray();
      new Plot(INTO, "time-rate", "minutes", "writes a second")
          .line("64 connections, one node", minutes, rounds(row, "per_second"))
          .save();
      new Plot(INTO, "time-latency", "minutes", "ms")
          .line("p50", minutes, rounds(row, "p50_ms"))
          .line("p99", minutes, rounds(row, "p99_ms"))
          .line("p99.9", minutes, rounds(row, "p999_ms"))
          .save();
    }
  }

  private static double checkpoints(RqliteClient client) {
    return client.metric("liferaft_raft_snapshots_total");
  }

  private static double[] rounds(Row row, String figure) {
    return IntStream.range(0, row.rounds().size())
        .mapToDouble(i -> row.rounds().get(i).get(figure).asDouble())
        .toArray();
  }

  @Test
  void connections() throws IOException {
    Plot rates = new Plot(INTO, "connections-rate", "connections", "a second").logarithmic();
    Plot latencies = new Plot(INTO, "connections-latency", "connections", "p99 ms").logarithmic();
    report.add("| nodes | work | connections | a second | p50 ms | p99 ms | p99.9 ms | CPU µs |");
    report.add("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (int size : List.of(1, 3)) {
      try (NodeCluster cluster = shipped("of" + size, size)) {
        List<Row> rows =
            bench(
                cluster,
                List.of(cluster.awaitLeader()),
                "--work=write,weak",
                "--connections=" + String.join(",", MOST_CONNECTIONS),
                "--warmup=30",
                "--seconds=6",
                "--rounds=1");
        for (Row row : rows) {
          report.add(line("%d | %s | %d".formatted(size, row.work(), row.connections()), row));
        }
        for (String work : List.of("write", "weak")) {
          String name = "%s, %d node%s".formatted(work, size, size == 1 ? "" : "s");
          List<Row> own = of(rows, work);
          rates.line(
              name, values(own, Row::connections), values(own, row -> row.figure("per_second")));
          latencies.line(
              name, values(own, Row::connections), values(own, row -> row.figure("p99_ms")));
        }
      }
    }
    rates.save();
    latencies.save();
  }

  @Test
  void nodes() {
    report.add(
        "| nodes | asked | work | connections | a second | p50 ms | p99 ms | p99.9 ms | CPU µs |");
    report.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (int size : List.of(1, 3, 5)) {
      try (NodeCluster cluster = shipped("of" + size, size)) {
        List<LiferaftProcess> leader = List.of(cluster.awaitLeader());
        for (List<LiferaftProcess> targets :
            size == 1 ? List.of(leader) : List.of(leader, cluster.nodes())) {
          List<Row> rows =
              bench(
                  cluster,
                  targets,
                  "--work=write,none,weak,linearizable",
                  "--connections=16,64",
                  "--warmup=10",
                  "--seconds=6",
                  "--rounds=1");
          for (Row row : rows) {
            String asked = targets.size() == 1 ? "the leader" : "all";
            report.add(
                line(
                    "%d | %s | %s | %d".formatted(size, asked, row.work(), row.connections()),
                    row));
          }
        }
      }
    }
  }

  /** Rows of the whole file are read and changed by chance. */
  @Test
  void sizes() throws IOException {
    List<Row> rows = new ArrayList<>();
    report.add(
        "| MB | work | a second | p50 ms | p99 ms | p99.9 ms | CPU µs | peak RSS, MB | restart, s |");
    report.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (long size : SIZES) {
      Path file = folder.resolve("big.sqlite");
      GeneratedDatabase.writeBig(file, size * 1_000_000);
      String last = String.valueOf(size * 1_000_000 / GeneratedDatabase.ROW_BYTES);
      NodeCluster one = new NodeCluster(folder.resolve("of" + size), 1, List.of());
      LiferaftProcess node = one.node(0).withShippedOptions();
      ProcessMemory memory = new ProcessMemory(node, folder);
      try (one) {
        one.startAndAwaitReady();
        RqliteClient.Answer loaded = node.client().load(file);
        assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
        Files.delete(file);
        node.kill();
        long began = System.nanoTime();
        node.start();
        NodeCluster.awaitReady(node);
        double restart = (System.nanoTime() - began) / 1e9;
        memory.reset();
        for (String[] work :
            new String[][] {
              {"none", "SELECT id, length(data) FROM big WHERE id = ?"},
              {"write", "UPDATE big SET data = zeroblob(8000) WHERE id = ?"}
            }) {
          Row row =
              bench(
                      one,
                      one.nodes(),
                      "--work=" + work[0],
                      "--sql=" + work[1],
                      "--rows=" + last,
                      "--connections=16",
                      "--warmup=15",
                      "--seconds=10",
                      "--rounds=3")
                  .getFirst();
          rows.add(row);
          report.add(
              line(size + " | " + work[0], row)
                  + " %d | %.1f |".formatted(memory.residentMegabytes().orElse(0), restart));
        }
      }
    }
    Plot plot = new Plot(INTO, "sizes-rate", "MB", "a second, 16 connections").logarithmic();
    for (String work : List.of("none", "write")) {
      List<Row> own = of(rows, work);
      plot.line(
          work,
          SIZES.stream().mapToDouble(Long::doubleValue).toArray(),
          values(own, row -> row.figure("per_second")));
    }
    plot.save();
  }

  private static List<Row> of(List<Row> rows, String work) {
    return rows.stream().filter(row -> row.work().equals(work)).toList();
  }

  private static double[] values(List<Row> rows, ToDoubleFunction<Row> value) {
    return rows.stream().mapToDouble(value).toArray();
  }

  private static String line(String head, Row row) {
    return line(head, row.figures(), "per_second", "p50_ms", "p99_ms", "p999_ms", "cpu_us");
  }

  private static String line(String head, JsonNode figures, String... names) {
    return Arrays.stream(names)
        .map(name ->
            String.format(
                Locale.ROOT, name.endsWith("_ms") ? "%.1f" : "%.0f", figures.get(name).asDouble()))
        .collect(Collectors.joining(" | ", "| " + head + " | ", " |"));
  }
}
