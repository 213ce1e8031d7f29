package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.ProcessCost;
import io.liferaft.support.ProcessMemory;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A database larger than every heap it goes through: 100 MB in each build, 1 GB with {@code ./mvnw
 * -Pbig verify}, the same heaps. Writes what it measured to target/size.md.
 */
@Tag("big")
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("SizeIT")
class SizeIT {

  private static final long BYTES = Long.getLong("liferaft.big.bytes", 100_000_000);
  private static final String KEY = "big.sqlite.gz";
  private static final String COUNT = "SELECT count(*), sum(length(data)) FROM big";
  private static final int STARTS = 7;

  /** Figures are worth as much as the compilers: a short run has the first one only. */
  private static final boolean LONG = BYTES >= 300_000_000;

  /** Too little for the database beside the program, also when that is small. */
  private static final String HEAP = LONG ? "192m" : "120m";

  /** Of the log, which stays behind a checkpoint and is read at a start: by default. */
  private static final long TAIL_BYTES = 32L << 20;

  /** Beside the heap: code, threads, direct buffers (at most 128 MB), SQLite's page caches. */
  private static final long NATIVE_MEGABYTES = 400;

  private final List<String> report = new ArrayList<>();
  private @TempDir Path folder;

  @Test
  void heapAndStartUpDoNotGrowWithTheDatabase() throws Exception {
    Path file = folder.resolve("big.sqlite");
    GeneratedDatabase.writeBig(file, BYTES);
    assertThat(Files.size(file)).isGreaterThan(BYTES);
    String counted = count(file);
    report.add("| step | heap limit | seconds | peak RSS, MB | peak heap, MB |");
    report.add("| --- | --- | --- | --- | --- |");
    try (S3Server server = S3Server.start("backups")) {
      try (NodeCluster one = cluster("one", 1, server, KEY);
          NodeCluster empty = cluster("empty", 1, server, "empty.sqlite.gz")) {
        oneNode(one, file, counted);
        startUp(one.node(0), empty.node(0));
      }
      try (NodeCluster three = cluster("three", 3, server, KEY)) {
        threeNodes(three, counted);
      }
    }
    Files.write(Path.of("target", "size.md"), report);
  }

  private void oneNode(NodeCluster one, Path file, String counted) throws Exception {
    Measured node = new Measured(one.node(0), HEAP);
    one.startAndAwaitReady();
    RqliteClient client = node.process.client();
    node.step(
        "load of the file by HTTP",
        () -> {
          RqliteClient.Answer loaded = client.load(file);
          assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
        });
    assertThat(client.query("strong", COUNT)).isEqualTo(counted);
    node.step("backup to S3 after the load", one::awaitBackup);
    client.execute("CREATE TABLE small (id INTEGER)");
    node.step("backup to S3 after one small change", one::awaitBackup);
    node.step("`/db/backup`", () -> download(client, counted));
    node.restart();
  }

  private void threeNodes(NodeCluster three, String counted) throws Exception {
    List<Measured> nodes =
        three.nodes().stream().map(process -> new Measured(process, "256m")).toList();
    three.start();
    long began = System.nanoTime();
    three.awaitReady();
    for (Measured node : nodes) {
      node.add("restore from S3 into three nodes, " + node.process.id(), began);
      assertThat(node.process.client().query("none", COUNT)).isEqualTo(counted);
    }
    LiferaftProcess leader = three.awaitLeader();
    Measured follower =
        nodes.stream().filter(node -> node.process != leader).findFirst().orElseThrow();
    follower.step(
        "`/db/backup` through a follower", () -> download(follower.process.client(), counted));
    follower.process.kill();
    follower.process.wipe();
    follower.process.start();
    follower.step("install on a wiped node", () -> NodeCluster.awaitReady(follower.process));
    assertThat(follower.process.client().query("none", COUNT)).isEqualTo(counted);
    follower.restart();
    for (Measured node : nodes) {
      assertThat(node.process.logText()).doesNotContain("OutOfMemory", "Direct buffer memory");
    }
  }

  /**
   * Nothing is read at a start that grows with the database; and in a long run, with the machine to
   * itself, it is ready as soon: the fastest of a few alternating starts.
   */
  private void startUp(LiferaftProcess full, LiferaftProcess empty) {
    limited(empty, HEAP).start();
    NodeCluster.awaitReady(empty);
    List<Start> fullStarts = new ArrayList<>();
    List<Start> emptyStarts = new ArrayList<>();
    double with;
    double without;
    do {
      fullStarts.add(afterKill(full));
      emptyStarts.add(afterKill(empty));
      with = fullStarts.stream().mapToDouble(Start::seconds).min().orElseThrow();
      without = emptyStarts.stream().mapToDouble(Start::seconds).min().orElseThrow();
    } while (LONG && with > without + 1 && fullStarts.size() < STARTS);
    report.add(
        "| start until ready after kill -9, alone: this database / an empty one | %s | %.1f / %.1f | | |"
            .formatted(HEAP, with, without));
    if (LONG) {
      assertThat(with).as("seconds, an empty one takes " + without).isLessThan(without + 1);
    }
    long more = fullStarts.getFirst().bytesRead() - emptyStarts.getFirst().bytesRead();
    assertThat(more).as("bytes read more than with an empty one").isLessThan(TAIL_BYTES * 3 / 2);
  }

  /**
   * A start after kill -9.
   *
   * @param bytesRead from files and sockets; 0 where the system does not tell
   */
  private record Start(double seconds, long bytesRead) {}

  private static Start afterKill(LiferaftProcess node) {
    node.kill();
    long began = System.nanoTime();
    node.start();
    NodeCluster.awaitReady(node);
    return new Start(seconds(began), ProcessCost.bytesRead(node));
  }

  private static LiferaftProcess limited(LiferaftProcess node, String heap) {
    return (LONG ? node.withShippedOptions() : node).withHeap(heap);
  }

  private static double seconds(long since) {
    return Duration.ofNanos(System.nanoTime() - since).toMillis() / 1000.0;
  }

  private NodeCluster cluster(String name, int size, S3Server server, String key) {
    return new NodeCluster(folder.resolve(name), size, server.nodeSettings(server.endpoint()))
        .with("liferaft.backup.target=s3://backups/" + key)
        .with("liferaft.restore.source=s3://backups/" + key)
        .with("liferaft.backup.interval=1s");
  }

  private void download(RqliteClient client, String counted) throws IOException, SQLException {
    Path into = folder.resolve("downloaded.sqlite");
    assertThat(client.download("/db/backup", into)).isEqualTo(200);
    assertThat(count(into)).isEqualTo(counted);
    Files.delete(into);
  }

  private static String count(Path file) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(COUNT)) {
      return "[[%d,%d]]".formatted(row.getLong(1), row.getLong(2));
    }
  }

  private interface Work {
    void run() throws Exception;
  }

  /** A node whose memory is watched. */
  private final class Measured {
    private final LiferaftProcess process;
    private final ProcessMemory memory;
    private final String heap;

    Measured(LiferaftProcess process, String heap) {
      this.process = limited(process, heap);
      this.memory = new ProcessMemory(process, folder);
      this.heap = heap;
    }

    void step(String name, Work work) throws Exception {
      memory.reset();
      long began = System.nanoTime();
      work.run();
      add(name, began);
    }

    void restart() throws Exception {
      process.stop();
      process.start();
      step("restart after a clean stop", () -> NodeCluster.awaitReady(process));
    }

    void add(String name, long began) {
      OptionalLong resident = memory.residentMegabytes();
      OptionalLong used = memory.heapMegabytes();
      report.add(
          "| %s | %s | %.1f | %s | %s |"
              .formatted(name, heap, seconds(began), text(resident), text(used)));
      assertThat(resident.orElse(0))
          .as("peak resident megabytes: " + name)
          .isLessThan(Long.parseLong(heap.replace("m", "")) + NATIVE_MEGABYTES);
    }

    private static String text(OptionalLong value) {
      return value.isPresent() ? String.valueOf(value.getAsLong()) : "–";
    }
  }
}
