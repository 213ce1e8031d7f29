package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.FileSystemUtils;

/** What is damaged is never taken for new: no cluster is formed, nothing is restored over it. */
@Execution(ExecutionMode.CONCURRENT)
class DamagedFolderTests {

  private static final String PUT_BACK = "Put this directory back from a copy of it";

  /** How a folder is damaged and what the node then says. */
  enum Damage {
    VOTES_ARE_GARBAGE("raft-meta", PUT_BACK) {
      @Override
      void on(Path data, Path log) throws IOException {
        Files.writeString(log.resolve("raft-meta"), "garbage\u0000\\u12");
      }
    },
    VOTES_ARE_MISSING("raft-meta", PUT_BACK) {
      @Override
      void on(Path data, Path log) throws IOException {
        Files.delete(log.resolve("raft-meta"));
      }
    },
    VOTES_ARE_EMPTY_AND_UNKNOWN("raft-meta", PUT_BACK) {
      @Override
      void on(Path data, Path log) throws IOException {
        Files.write(log.resolve("raft-meta"), new byte[0]);
        Files.delete(data.resolve(TermCeiling.FILE));
      }
    },
    CLOSED_PART_OF_THE_LOG_IS_DAMAGED("log_", PUT_BACK) {
      @Override
      void on(Path data, Path log) throws IOException {
        Path segment = segments(log).getFirst();
        byte[] bytes = Files.readAllBytes(segment);
        bytes[bytes.length / 2] ^= 0x55;
        Files.write(segment, bytes);
      }
    },
    PART_OF_THE_LOG_IS_MISSING("is missing", PUT_BACK) {
      @Override
      void on(Path data, Path log) throws IOException {
        Files.delete(segments(log).get(1));
      }
    },
    BEGIN_OF_THE_LOG_IS_MISSING("no longer reaches back", "start from an empty directory") {
      @Override
      void on(Path data, Path log) throws IOException {
        Files.delete(segments(log).getFirst());
        Files.deleteIfExists(data.resolve("snapshot.record"));
      }
    },
    LOG_IS_MISSING("has lost its log", PUT_BACK) {
      @Override
      void on(Path data, Path log) throws IOException {
        for (Path segment : segments(log)) {
          Files.delete(segment);
        }
      }
    },
    GROUP_IS_MISSING("raft is missing", "put this directory back") {
      @Override
      void on(Path data, Path log) throws IOException {
        delete(data.resolve("raft"));
      }
    },
    RECORD_IS_DAMAGED("snapshot.record", "its checksum is wrong") {
      @Override
      void on(Path data, Path log) throws IOException {
        byte[] bytes = Files.readAllBytes(data.resolve("snapshot.record"));
        bytes[bytes.length / 2] ^= 1;
        Files.write(data.resolve("snapshot.record"), bytes);
      }
    },
    RECORD_IS_EMPTY("snapshot.record", "is not a snapshot record") {
      @Override
      void on(Path data, Path log) throws IOException {
        Files.write(data.resolve("snapshot.record"), new byte[0]);
      }
    },
    IDENTITY_IS_DAMAGED("node.properties", "is damaged") {
      @Override
      void on(Path data, Path log) throws IOException {
        Files.write(data.resolve("node.properties"), new byte[0]);
      }
    },
    ONLY_THE_RAFT_FOLDER_IS_LEFT("node.properties is missing", "Put the file back") {
      @Override
      void on(Path data, Path log) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(data)) {
          for (Path file : files) {
            if (!file.endsWith("raft")) {
              delete(file);
            }
          }
        }
      }
    };

    private final String names;
    private final String advises;

    Damage(String names, String advises) {
      this.names = names;
      this.advises = advises;
    }

    abstract void on(Path data, Path log) throws IOException;
  }

  @TempDir private static Path shared;
  @TempDir private Path folder;
  private static TestCluster alone = TestCluster.of(Path.of("none"), 0);
  private static Path pristine = Path.of("none");

  @BeforeAll
  static void aLoneNodeWithALogOfSeveralFiles() throws Exception {
    alone = TestCluster.serving(shared, 1);
    TestCluster.Node node = alone.node(1);
    node.execute("CREATE TABLE t(x)");
    node.stop();
    // Each start is a term, and each term a file of the log; the record is older than three.
    for (int i = 0; i < 3; i++) {
      node.start();
      alone.awaitServing();
      node.execute("INSERT INTO t VALUES(1)");
      node.crash();
    }
    pristine = shared.resolve("pristine");
    copy(node.folder(), pristine);
  }

  @AfterAll
  static void closeAlone() {
    alone.close();
  }

  /** With times of files, which the record knows. */
  private static void copy(Path from, Path to) throws Exception {
    Process copy = new ProcessBuilder("cp", "-a", from.toString(), to.toString()).start();
    assertThat(copy.waitFor()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void aLoneNodeNamesWhatIsDamagedAndStaysOut(Damage damage) throws Exception {
    TestCluster.Node node = alone.node(1);
    delete(node.folder());
    copy(pristine, node.folder());
    damage.on(node.folder(), log(node));

    node.start();

    try {
      Waiting.await("it says what is wrong")
          .until(
              () -> String.valueOf(node.raft().status().problem()),
              said -> said.contains(damage.names) && said.contains(damage.advises));
      Awaitility.await("nobody leads")
          .during(Duration.ofMillis(700))
          .atMost(Duration.ofSeconds(20))
          .until(() -> alone.leader().isEmpty() && !node.serves());
      assertThat(node.local().standing()).isNotEqualTo(PeerAnswer.Standing.FRESH);
      assertThat(node.raft().state().restore()).isNotInstanceOf(RestoreRecord.Begun.class);
    } finally {
      node.stop();
    }
  }

  @Test
  void aMemberOfThreeWithAHoleInItsLogComesBackAsWithALostDisk() throws IOException {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.awaitLeader().execute("CREATE TABLE t(x)");
      TestCluster.Node node = cluster.follower();
      String former = node.local().server().orElseThrow().self().getId().toString();
      for (int i = 0; i < 3; i++) {
        cluster.awaitLeader().execute("INSERT INTO t VALUES(1)");
        cluster.assertEqualContents();
        TestCluster.Node leader = cluster.awaitLeader();
        assertThat(stepDown(leader)).isTrue();
        Waiting.await("a new leader").until(() -> cluster.leader().isPresent());
      }
      cluster.awaitLeader().execute("INSERT INTO t VALUES(1)");
      cluster.assertEqualContents();
      node.crash();
      Files.delete(segments(log(node)).get(1));
      Files.deleteIfExists(node.folder().resolve("snapshot.record"));

      node.start();

      Waiting.await("it is a voter again").until(node::serves);
      assertThat(node.local().server().orElseThrow().self().getId().toString())
          .isNotEqualTo(former);
      cluster.assertEqualContents();
    }
  }

  private static boolean stepDown(TestCluster.Node leader) {
    try {
      leader.local().server().orElseThrow().transferLeadership(null, Duration.ofSeconds(5));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Ratis empties its file of votes when it writes it to a full disk. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void anEmptyFileOfVotesIsMendedAboveAllTermsThatCanHaveBeenVotedIn(int size) throws IOException {
    try (TestCluster cluster = TestCluster.serving(folder, size)) {
      cluster.awaitLeader().execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      cluster.assertEqualContents();
      TestCluster.Node node = size == 1 ? cluster.node(1) : cluster.follower();
      long term = node.raft().status().term();
      node.crash();
      Files.write(log(node).resolve("raft-meta"), new byte[0]);

      node.start();

      Waiting.await("it serves").until(node::serves);
      Waiting.await("a term above").until(() -> node.raft().status().term() > term + 400);
      cluster.awaitServing();
      cluster.awaitLeader().execute("INSERT INTO t VALUES(8)");
      cluster.assertEqualContents();
      assertThat(node.local("SELECT sum(x) FROM t")).isEqualTo("15");
    }
  }

  @Test
  void aNodeWhoseVotesWereEmptiedWhileItRunsOpensAgain() throws IOException {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.awaitLeader().execute("CREATE TABLE t(x)");
      TestCluster.Node node = cluster.follower();
      Path meta = log(node).resolve("raft-meta");
      long term = node.raft().status().term();

      Files.write(meta, new byte[0]);

      Waiting.await("mended").until(() -> Files.size(meta) > 0);
      Waiting.await("a term above")
          .until(() -> node.serves() && node.raft().status().term() > term + 400);
      cluster.awaitServing();
      cluster.awaitLeader().execute("INSERT INTO t VALUES(8)");
      cluster.assertEqualContents();
    }
  }

  private static Path log(TestCluster.Node node) throws IOException {
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(node.folder().resolve("raft"))) {
      return groups.iterator().next().resolve("current");
    }
  }

  private static List<Path> segments(Path log) throws IOException {
    List<Path> segments = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(log, "log_*")) {
      files.forEach(segments::add);
    }
    segments.sort(
        java.util.Comparator.comparingLong(file ->
            Long.parseLong(
                file.getFileName().toString().replaceAll("log_(?:inprogress_)?(\\d+).*", "$1"))));
    return segments;
  }

  private static void delete(Path path) throws IOException {
    boolean _ = FileSystemUtils.deleteRecursively(path);
  }
}
