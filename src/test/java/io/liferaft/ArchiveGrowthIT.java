package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.Plot;
import io.liferaft.support.ProcessMemory;
import io.liferaft.support.RqliteClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * What an archive costs by the size of the database, one node as shipped: {@code ./mvnw -Pbench
 * -Dit.test=ArchiveGrowthIT verify}. A table and plots go to target/growth. With {@code
 * -Dother=PATH} the program at that path is run beside it, with a database file and a directory to
 * back it up to as its arguments, first for all of it and then after one row has changed.
 */
@Tag("bench")
@Isolated("it measures")
class ArchiveGrowthIT {

  private static final String OTHER = System.getProperty("liferaft.bench.other", "");
  private static final int CHANGES = 7;

  private @TempDir Path folder;

  /** What was measured at one size; seconds, bytes, and megabytes of resident memory. */
  private record Size(
      long megabytes,
      double load,
      double first,
      double firstCpu,
      long stored,
      double changed,
      double changedCpu,
      double changedBytes,
      double restored,
      double restoredCpu,
      long peak,
      long restoredPeak) {

    String line() {
      return String.format(
          Locale.ROOT,
          "| %d | %.1f | %.1f | %.1f | %.1f | %.0f | %.0f | %.0f | %.1f | %.1f | %d, %d |",
          megabytes,
          load,
          first,
          firstCpu,
          stored / 1e6,
          changed * 1000,
          changedCpu * 1000,
          changedBytes / 1000,
          restored,
          restoredCpu,
          peak,
          restoredPeak);
    }
  }

  @Test
  void archive() throws IOException {
    List<String> report = new ArrayList<>();
    report.add(
        "| MB | load, s | first backup, s | CPU, s | stored, MB | one row, ms | CPU, ms | sent, KB | restore, s | CPU, s | peak RSS, MB |");
    report.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    List<Size> sizes = new ArrayList<>();
    Files.createDirectories(GrowthIT.INTO);
    for (long megabytes : GrowthIT.SIZES) {
      Path file = folder.resolve("big.sqlite");
      GeneratedDatabase.writeBig(file, megabytes * 1_000_000);
      Size size = measure(megabytes, file);
      sizes.add(size);
      report.add(size.line());
      if (!OTHER.isEmpty()) {
        report.add(other(megabytes, file));
      }
      Files.delete(file);
      Files.write(GrowthIT.INTO.resolve("archive.md"), report);
    }
    plot("archive-sent", "KB sent for one row", sizes, size -> size.changedBytes() / 1000);
    plot("archive-interval", "ms for the backup of one row", sizes, size -> size.changed() * 1000);
  }

  private static void plot(String name, String y, List<Size> sizes, ToDoubleFunction<Size> value)
      throws IOException {
    new Plot(GrowthIT.INTO, name, "MB", y)
        .logarithmic()
        .line(
            "one node",
            sizes.stream().mapToDouble(Size::megabytes).toArray(),
            sizes.stream().mapToDouble(value).toArray())
        .save();
  }

  private Size measure(long megabytes, Path file) throws IOException {
    Path archive = Files.createDirectory(folder.resolve("archive" + megabytes));
    NodeCluster one =
        new NodeCluster(folder.resolve("of" + megabytes), 1, List.of())
            .with("liferaft.backup.target=file:" + archive + "/")
            .with("liferaft.backup.interval=1s")
            .shipped();
    LiferaftProcess node = one.node(0);
    ProcessMemory memory = new ProcessMemory(node, folder);
    try (one) {
      one.startAndAwaitReady();
      memory.reset();
      double load = seconds(() -> load(node, file));
      double cpu = cpu(node);
      double first = backup(one, 0);
      double firstCpu = cpu(node) - cpu;
      long stored = bytes(archive);
      long peak = memory.residentMegabytes().orElse(0);

      double[] changed = new double[CHANGES];
      double[] changedCpu = new double[CHANGES];
      double[] changedBytes = new double[CHANGES];
      for (int i = 0; i < CHANGES; i++) {
        long bytes = bytes(archive);
        double soFar = backupSeconds(node);
        cpu = cpu(node);
        node.client().execute("UPDATE big SET data = 'changed' WHERE id = " + (i + 1));
        changed[i] = backup(one, soFar);
        changedCpu[i] = cpu(node) - cpu;
        changedBytes[i] = bytes(archive) - bytes;
      }

      node.kill();
      node.wipe();
      double restored = seconds(() -> NodeCluster.awaitReady(node.start()));
      return new Size(
          megabytes,
          load,
          first,
          firstCpu,
          stored,
          median(changed),
          median(changedCpu),
          median(changedBytes),
          restored,
          cpu(node),
          peak,
          memory.residentMegabytes().orElse(0));
    }
  }

  private static void load(LiferaftProcess node, Path file) {
    try {
      RqliteClient.Answer loaded = node.client().load(file);
      assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for one, and tells how long it took, the waiting for its turn not counted. */
  private static double backup(NodeCluster one, double soFar) {
    one.awaitBackup();
    return backupSeconds(one.node(0)) - soFar;
  }

  private static double backupSeconds(LiferaftProcess node) {
    return node.client().metric("liferaft_backup_duration_seconds_sum");
  }

  private static double cpu(LiferaftProcess node) {
    return ProcessHandle.of(node.pid())
            .flatMap(process -> process.info().totalCpuDuration())
            .orElse(Duration.ZERO)
            .toMillis()
        / 1000.0;
  }

  private static double seconds(Runnable work) {
    long began = System.nanoTime();
    work.run();
    return (System.nanoTime() - began) / 1e9;
  }

  private static double median(double[] values) {
    return DoubleStream.of(values).sorted().skip(values.length / 2).findFirst().orElseThrow();
  }

  private static long bytes(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      long bytes = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
      return bytes;
    }
  }

  /** A row of the table: what the program beside took and left. */
  private String other(long megabytes, Path file) throws IOException {
    Path into = Files.createDirectory(folder.resolve("other" + megabytes));
    double first = seconds(() -> run(file, into));
    long stored = bytes(into);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      int _ = statement.executeUpdate("UPDATE big SET data = 'changed' WHERE id = 1");
    } catch (SQLException e) {
      throw new IOException(e);
    }
    double changed = seconds(() -> run(file, into));
    return String.format(
        Locale.ROOT,
        "| %d, %s | – | %.1f | – | %.1f | %.0f | – | %.0f | – | – | – |",
        megabytes,
        OTHER,
        first,
        stored / 1e6,
        changed * 1000,
        (bytes(into) - stored) / 1000.0);
  }

  private static void run(Path file, Path into) {
    try {
      Process program =
          new ProcessBuilder(OTHER, file.toString(), into.toString()).inheritIO().start();
      assertThat(program.waitFor()).as(OTHER).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
