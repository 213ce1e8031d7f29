package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.ProcessMemory;
import io.liferaft.support.RqliteClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * What a restore takes beside the least it could: the download at the store's speed and one write
 * of the file for each node. {@code ./mvnw -Pbench -Dit.test=RestoreRateIT verify}; {@code
 * -Dliferaft.growth.sizes=1000} are megabytes, {@code -Dliferaft.restore.rates=15,50,0} the store's
 * megabytes a second, 0 for what it gives. A table goes to target/growth.
 */
@Tag("bench")
@Isolated("it measures")
class RestoreRateIT {

  private static final List<Long> SIZES =
      longs(System.getProperty("liferaft.growth.sizes", "1000"));
  private static final List<Long> RATES =
      longs(System.getProperty("liferaft.restore.rates", "15,50,0"));

  private @TempDir Path folder;
  private final List<String> report = new ArrayList<>();

  private static List<Long> longs(String list) {
    return Arrays.stream(list.split(",")).map(Long::valueOf).toList();
  }

  @Test
  void restore() throws IOException {
    report.add(
        "| MB | nodes | store, MB/s | download alone, s | one write a node, s | restore, s | ratio | CPU of all, s | peak RSS, MB |");
    report.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    Files.createDirectories(GrowthIT.INTO);
    for (long megabytes : SIZES) {
      Path file = folder.resolve("big.sqlite");
      GeneratedDatabase.writeBig(file, megabytes * 1_000_000);
      Path archive = Files.createDirectory(folder.resolve("archive" + megabytes));
      fill(archive, file);
      for (int nodes : List.of(1, 3)) {
        double empty = ready(archive.resolveSibling("none"), nodes, 0).seconds();
        double written = write(file, nodes);
        for (long rate : RATES) {
          double download = rate == 0 ? read(archive) : bytes(archive) / 1e6 / rate;
          Restore restore = ready(archive, nodes, rate);
          double seconds = restore.seconds() - empty;
          report.add(
              String.format(
                  Locale.ROOT,
                  "| %d | %d | %s | %.1f | %.1f | %.1f | %.1f | %.0f | %s |",
                  megabytes,
                  nodes,
                  rate == 0 ? "–" : rate,
                  download,
                  written,
                  seconds,
                  seconds / (download + written),
                  restore.cpu(),
                  restore.peaks()));
          Files.write(GrowthIT.INTO.resolve("restore.md"), report);
        }
      }
      Files.delete(file);
    }
  }

  private void fill(Path archive, Path file) throws IOException {
    try (NodeCluster one = cluster(archive, 1, 0)) {
      one.startAndAwaitReady();
      RqliteClient.Answer loaded = one.node(0).client().load(file);
      assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
      one.awaitBackup();
      one.kill();
      one.wipe();
    }
  }

  private record Restore(double seconds, double cpu, String peaks) {}

  /** From the start of the processes until all are ready. */
  private Restore ready(Path archive, int nodes, long rate) throws IOException {
    try (NodeCluster cluster = cluster(Files.createDirectories(archive), nodes, rate)) {
      long began = System.nanoTime();
      cluster.startAndAwaitReady();
      double seconds = (System.nanoTime() - began) / 1e9;
      String peaks =
          cluster.nodes().stream()
              .map(node -> new ProcessMemory(node, folder).residentMegabytes().orElse(0))
              .map(String::valueOf)
              .collect(Collectors.joining(", "));
      double cpu = cluster.nodes().stream().mapToDouble(RestoreRateIT::cpu).sum();
      cluster.kill();
      cluster.wipe();
      return new Restore(seconds, cpu, peaks);
    }
  }

  private NodeCluster cluster(Path archive, int nodes, long rate) throws IOException {
    return new NodeCluster(Files.createTempDirectory(folder, "nodes"), nodes, List.of())
        .with("liferaft.backup.target=file:" + archive + "/")
        .with("liferaft.backup.interval=1s")
        .with("liferaft.restore.source=file:" + archive + "/")
        .with("liferaft.objectstore.download-rate=" + rate + "MB")
        .shipped();
  }

  private static double cpu(LiferaftProcess node) {
    return ProcessHandle.of(node.pid())
        .flatMap(process -> process.info().totalCpuDuration())
        .map(cpu -> cpu.toMillis() / 1000.0)
        .orElse(0.0);
  }

  /** Seconds for one forced write of the file for each node. */
  private double write(Path file, int nodes) throws IOException {
    long began = System.nanoTime();
    for (int i = 0; i < nodes; i++) {
      Path to = folder.resolve("written");
      try (FileChannel in = FileChannel.open(file);
          FileChannel out =
              FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
        while (in.read(buffer.clear()) > 0) {
          buffer.flip();
          while (buffer.hasRemaining()) {
            out.write(buffer);
          }
        }
        out.force(true);
      }
      Files.delete(to);
    }
    return (System.nanoTime() - began) / 1e9;
  }

  /** Seconds to read what is stored. */
  private static double read(Path archive) throws IOException {
    long began = System.nanoTime();
    for (Path file : files(archive)) {
      try (InputStream in = Files.newInputStream(file)) {
        in.transferTo(java.io.OutputStream.nullOutputStream());
      }
    }
    return (System.nanoTime() - began) / 1e9;
  }

  private static long bytes(Path archive) throws IOException {
    long bytes = 0;
    for (Path file : files(archive)) {
      bytes += Files.size(file);
    }
    return bytes;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }
}
