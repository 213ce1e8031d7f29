package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What was done to the database file of a stopped node is noticed, whatever it was. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("TouchedDatabaseTests")
class TouchedDatabaseTests {

  /** What somebody did, and whether it changes anything. */
  enum Touch {
    READ(true) {
      @Override
      void on(Path file, Path older) throws SQLException {
        sql(file, "SELECT count(*) FROM t"); // folds the WAL in
      }
    },
    WRITTEN(true) {
      @Override
      void on(Path file, Path older) throws SQLException {
        sql(file, "UPDATE t SET x = 1000");
      }
    },
    VACUUMED(true) {
      @Override
      void on(Path file, Path older) throws SQLException {
        sql(file, "VACUUM");
      }
    },
    REPLACED_BY_AN_OLDER_COPY(true) {
      @Override
      void on(Path file, Path older) throws IOException {
        Path _ = Files.copy(older, file, StandardCopyOption.REPLACE_EXISTING);
      }
    },
    DELETED(true) {
      @Override
      void on(Path file, Path older) throws IOException {
        Files.delete(file);
      }
    },
    /** The log brings it again. */
    WAL_REMOVED(false) {
      @Override
      void on(Path file, Path older) throws IOException {
        Files.delete(Path.of(file + "-wal"));
        Files.deleteIfExists(Path.of(file + "-shm"));
      }
    };

    private final boolean harms;

    Touch(boolean harms) {
      this.harms = harms;
    }

    abstract void on(Path file, Path older) throws IOException, SQLException;

    static void sql(Path file, String sql) throws SQLException {
      try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
          Statement statement = connection.createStatement()) {
        boolean _ = statement.execute(sql);
      }
    }
  }

  @TempDir private static Path folder;
  private TestCluster three = TestCluster.of(Path.of("none"), 0);
  private TestCluster one = TestCluster.of(Path.of("none"), 0);
  private final Set<String> incarnations = new HashSet<>();

  @BeforeAll
  void clusters() {
    three = TestCluster.serving(folder.resolve("three"), 3);
    three.awaitLeader().execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
    one = TestCluster.serving(folder.resolve("one"), 1);
    one.node(1).execute("CREATE TABLE t(x)");
  }

  @AfterAll
  void close() {
    three.close();
    one.close();
  }

  @ParameterizedTest
  @EnumSource(Touch.class)
  void aMemberOfThreeTakesTheLeadersCopy(Touch touch) throws Exception {
    three.assertEqualContents();
    TestCluster.Node node = three.follower();
    String former = peerId(node);
    Path older = recordedThenChanged(node, three);
    Path file = database(node);
    node.crash();
    touch.on(file, older);

    node.start();

    Waiting.await("it serves").until(node::serves);
    three.assertEqualContents();
    if (touch.harms) {
      assertThat(peerId(node)).as("it came as with a lost disk").isNotEqualTo(former);
      assertThat(incarnations.add(peerId(node))).isTrue();
    } else {
      assertThat(peerId(node)).isEqualTo(former);
    }
  }

  @ParameterizedTest
  @EnumSource(Touch.class)
  void aLoneNodeRefusesAndSaysWhy(Touch touch) throws Exception {
    TestCluster.Node node = one.node(1);
    Path older = recordedThenChanged(node, one);
    String rows = node.local("SELECT count(*) FROM t");
    Path file = database(node);
    node.crash();
    Path kept = folder.resolve("kept-" + touch);
    copy(node.folder(), kept);
    touch.on(file, older);

    node.start();

    if (touch.harms) {
      Waiting.await("it says why")
          .until(
              () -> String.valueOf(node.raft().status().problem()),
              said -> said.contains("does not match its record") && said.contains("set aside"));
      assertThat(node.raft().status().phase()).isEqualTo(NodeStatus.Phase.FAILED);
      node.stop();
      node.wipe();
      copy(kept, node.folder()); // as the message advises
      node.start();
    }
    one.awaitServing();
    assertThat(node.local("SELECT count(*) FROM t")).isEqualTo(rows);
  }

  /** Something in the record and something only in the WAL; gives back an older copy. */
  private Path recordedThenChanged(TestCluster.Node node, TestCluster cluster) throws Exception {
    Path older = folder.resolve("older.sqlite");
    copy(database(node), older);
    for (int i = 0; i < 50; i++) {
      cluster.awaitLeader().execute("INSERT INTO t VALUES(1), (2), (3)");
    }
    if (cluster.nodes().size() > 1) {
      cluster.assertEqualContents();
    }
    node.local().snapshot(TestCluster.TIMEOUT);
    cluster.awaitLeader().execute("INSERT INTO t VALUES(1)");
    if (cluster.nodes().size() > 1) {
      cluster.assertEqualContents();
    }
    return older;
  }

  /** With times of files, and in another process: closing one here would drop SQLite's locks. */
  private static void copy(Path from, Path to) throws Exception {
    Process copy = new ProcessBuilder("cp", "-a", "-T", from.toString(), to.toString()).start();
    assertThat(copy.waitFor()).isZero();
  }

  private static String peerId(TestCluster.Node node) {
    return node.local().server().orElseThrow().self().getId().toString();
  }

  private static Path database(TestCluster.Node node) {
    return java.util.Objects.requireNonNull(node.store().status().file());
  }
}
