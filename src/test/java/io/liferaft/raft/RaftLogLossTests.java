package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.DiskFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * What a kill in the middle of a write, or a power loss, may leave in Ratis' folder behind the last
 * acknowledged entry: the node starts by itself with every acknowledged write, each once.
 */
@Execution(ExecutionMode.CONCURRENT)
class RaftLogLossTests {

  private static final int ACKNOWLEDGED = 5;
  private static final int MORE = 3;
  private static final int PAGE = 4096;

  @TempDir Path folder;

  private final Random random = new Random(20);
  private TestCluster cluster;
  private TestCluster.Node node;
  private CountedWrites writes;
  private Path saved;

  /** The open segment with the entries that nobody was told of, and where they begin and end. */
  private byte[] segment;

  private int from;
  private int to;

  @BeforeEach
  void aNodeThatDiedInAWrite() throws IOException {
    cluster =
        TestCluster.of(folder.resolve("live"), 1).withElection(Duration.ofMillis(200)).startAll();
    node = cluster.node(1);
    writes = new CountedWrites(cluster).make(ACKNOWLEDGED);
    byte[] before = Files.readAllBytes(openSegment());
    for (int i = 1; i <= MORE; i++) {
      writes.makeBig(5 * PAGE);
    }
    segment = Files.readAllBytes(openSegment());
    node.die();
    from = Arrays.mismatch(before, segment);
    to = segment.length;
    while (segment[to - 1] == 0) {
      to--;
    }
    assertThat(to - from).isGreaterThan(MORE * 5 * PAGE);
    saved = folder.resolve("saved");
    copy(node.folder(), saved);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private Path openSegment() throws IOException {
    return inRaft("log_inprogress_");
  }

  private Path inRaft(String prefix) throws IOException {
    try (Stream<Path> files = Files.walk(node.folder().resolve("raft"))) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(prefix))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(
              file,
              target,
              StandardCopyOption.COPY_ATTRIBUTES,
              StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  /** Starts with this in the open segment and looks at what is there. */
  private void startsWith(byte[] left) throws IOException {
    boolean deleted = org.springframework.util.FileSystemUtils.deleteRecursively(node.folder());
    assertThat(deleted).isTrue();
    copy(saved, node.folder());
    Files.write(openSegment(), left);
    starts();
  }

  private void starts() {
    node.start();
    cluster.awaitServing();
    writes.found(node, ACKNOWLEDGED, ACKNOWLEDGED + MORE).make(1).verify(node);
    node.die();
  }

  private byte[] without(int page) {
    byte[] left = segment.clone();
    int start = Math.max(from, page * PAGE);
    Arrays.fill(left, start, Math.max(start, Math.min(to, (page + 1) * PAGE)), (byte) 0);
    return left;
  }

  @Test
  void aTailThatIsCutAnywhereIsDropped() throws IOException {
    for (int i = 0; i < 2; i++) {
      startsWith(Arrays.copyOf(segment, random.nextInt(from, to)));
    }
  }

  @Test
  void aTailThatEndsInTheRoomMadeForItIsDropped() throws IOException {
    for (int i = 0; i < 2; i++) {
      int page = random.nextInt(from / PAGE + 1, to / PAGE + 1);
      byte[] left = segment.clone();
      Arrays.fill(left, page * PAGE, left.length, (byte) 0);
      startsWith(left);
    }
  }

  @Test
  void aTailWithoutOneOfItsPagesIsDropped() throws IOException {
    startsWith(without(from / PAGE));
    startsWith(without(random.nextInt(from / PAGE + 1, to / PAGE)));
  }

  @Test
  void anUnfinishedChangeOfRatisOwnFilesIsDropped() throws IOException {
    Path meta = inRaft("raft-meta");
    byte[] half = Arrays.copyOf(Files.readAllBytes(meta), 10);
    Files.write(meta.resolveSibling("raft-meta.tmp"), half);
    Files.write(meta.resolveSibling("raft-meta.conf.tmp"), half);
    starts();
  }

  @Test
  void anEntryThatIsDamagedIsNotTakenForTorn() throws IOException {
    segment[from + 3 * PAGE] ^= 1;
    Files.write(openSegment(), segment);

    TornLog.cut(node.folder(), new DiskFiles());

    assertThat(openSegment()).hasBinaryContent(segment);
  }
}
