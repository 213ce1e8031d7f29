package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The chunks of a load are packed as every member can read them. */
class LoadPackingTests {

  /** What every frame of zstd begins with (RFC 8878, section 3.1.1). */
  private static final byte[] ZSTD = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};

  @TempDir Path folder;

  @Test
  void byZstdWhereEveryMemberSaysThatItReadsIt() throws IOException {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node loading = cluster.follower();

      load(loading);

      assertThat(zstdInTheLogOf(loading)).isTrue();
      cluster.assertEqualContents();
    }
  }

  /** It may come back as an older version, which would stop at the entry. */
  @Test
  void inTheOlderFormWhileAMemberDoesNotAnswer() throws IOException {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node away = cluster.follower();
      away.stop();
      TestCluster.Node leader = cluster.awaitLeader();

      load(leader);

      assertThat(zstdInTheLogOf(leader)).isFalse();
      away.start();
      cluster.assertEqualContents();
    }
  }

  private void load(TestCluster.Node node) {
    Path file = folder.resolve("load.sqlite");
    GeneratedDatabase.write(file, 1, 10);
    long _ = node.raft().loadDatabase(file, TestCluster.TIMEOUT);
    assertThat(node.read(ReadLevel.WEAK, "SELECT count(*) > 0 FROM sqlite_schema")).isEqualTo("1");
  }

  private static boolean zstdInTheLogOf(TestCluster.Node node) throws IOException {
    String magic = new String(ZSTD, StandardCharsets.ISO_8859_1);
    for (Path segment : segments(node.folder())) {
      if (Files.readString(segment, StandardCharsets.ISO_8859_1).contains(magic)) {
        return true;
      }
    }
    return false;
  }

  private static List<Path> segments(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("raft"))) {
      return files.filter(file -> file.getFileName().toString().startsWith("log_")).toList();
    }
  }
}
