package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A page went bad, the file looks as before: only the write that meets it can tell. */
@Execution(ExecutionMode.CONCURRENT)
class MalformedDatabaseTests {

  private static final int PAGE = 4096;

  @TempDir Path folder;

  @Test
  void aMemberTakesTheLeadersCopyWhenTheLeaderHasGotFurther() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      fill(cluster);
      TestCluster.Node node = cluster.follower();
      node.stop();
      spoil(node);
      node.start();
      Waiting.await("it serves").until(node::serves);
      String former = node.local().server().orElseThrow().self().getId().toString();

      cluster.awaitLeader().execute("INSERT INTO t VALUES(1000, 'x')");

      Waiting.await("it has another copy")
          .until(
              () -> node.serves() && node.local().server().isPresent(),
              serves ->
                  serves
                      && !node.local()
                          .server()
                          .orElseThrow()
                          .self()
                          .getId()
                          .toString()
                          .equals(former));
      cluster.assertEqualContents();
      Waiting.await("nothing is wrong any more")
          .until(() -> node.raft().status().problem() == null);
      try (DirectoryStream<Path> kept = Files.newDirectoryStream(node.folder(), "set-aside-*")) {
        assertThat(kept).isNotEmpty();
      }
    }
  }

  @Test
  void aLoneNodeSaysSoAndKeepsEverything() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      fill(cluster);
      TestCluster.Node node = cluster.node(1);
      node.stop();
      spoil(node);
      node.start();
      cluster.awaitServing();

      Waiting.await("it is sent")
          .until(() -> {
            try {
              SqlReply _ =
                  node.raft()
                      .execute(
                          new SqlRequest(
                              java.util.List.of(
                                  io.liferaft.sqlite.SqlStatement.of(
                                      "INSERT INTO t VALUES(1000, 'x')")),
                              io.liferaft.sqlite.SqlForm.EXECUTE,
                              false,
                              ReadLevel.WEAK,
                              null,
                              false,
                              java.time.Duration.ofSeconds(2),
                              java.time.Duration.ofSeconds(2),
                              null));
              return false;
            } catch (CommitUnknownException | NotReadyException | NotLeaderException e) {
              return true;
            }
          });

      Waiting.await("it says what is wrong")
          .until(
              () -> String.valueOf(node.raft().status().problem()),
              said ->
                  said.contains("the database is damaged: after log index ")
                      && said.contains("malformed")
                      && said.contains("start from empty directories"));
      assertThat(node.folder().resolve("snapshot.record")).exists();
      assertThat(node.folder().resolve("db-1.sqlite")).exists();
    }
  }

  private static void fill(TestCluster cluster) {
    cluster
        .awaitLeader()
        .execute(
            "CREATE TABLE t(a, b)",
            "CREATE INDEX ta ON t(a)",
            "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 900) SELECT i, 'x' FROM n");
    cluster.assertEqualContents();
  }

  /** Zeros for the root of an index. */
  private static void spoil(TestCluster.Node node) throws Exception {
    Path file = node.folder().resolve("db-1.sqlite");
    FileTime time = Files.getLastModifiedTime(file);
    long root;
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:file:" + file + "?immutable=1&mode=ro");
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT rootpage FROM sqlite_schema WHERE name = 'ta'")) {
      root = row.getLong(1);
    }
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.seek((root - 1) * PAGE);
      access.write(new byte[PAGE]);
    }
    Path _ = Files.setLastModifiedTime(file, time);
  }
}
