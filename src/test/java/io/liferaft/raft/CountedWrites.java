package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** Writes that show whether each was applied once: numbers, a counter, row ids, random values. */
final class CountedWrites {

  static final String[] SCHEMA = {
    "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER, noise DEFAULT (random()))",
    "CREATE TABLE c(n INTEGER)",
    "INSERT INTO c VALUES(0)"
  };

  private static final String SUMMARY =
      "SELECT count(*) || '/' || count(DISTINCT n) || '/' || sum(n) || '/' || max(id) || '/' || count(DISTINCT noise) || '/' || (SELECT n FROM c) FROM t";

  private final TestCluster cluster;
  private int made;

  CountedWrites(TestCluster cluster) {
    this.cluster = cluster;
    SqlReply _ = cluster.awaitLeader().execute(SCHEMA);
  }

  private static String[] write(int number) {
    return new String[] {"INSERT INTO t(n) VALUES(%d)".formatted(number), "UPDATE c SET n = n + 1"};
  }

  CountedWrites make(int count) {
    for (int i = 0; i < count; i++) {
      SqlReply reply = cluster.awaitLeader().execute(write(++made));
      assertThat(reply.results()).allMatch(result -> !result.toString().contains("Failed"));
    }
    return this;
  }

  /** One whose entry in the log has so many bytes. */
  void makeBig(int bytes) {
    String[] sql = write(++made);
    sql[0] += " -- " + "x".repeat(bytes);
    SqlReply _ = cluster.awaitLeader().execute(sql);
  }

  /** After a crash nobody knows whether the last ones were made. */
  CountedWrites found(TestCluster.Node node, int atLeast, int atMost) {
    made = Integer.parseInt(node.local("SELECT n FROM c"));
    assertThat(made).isBetween(atLeast, atMost);
    verify(node);
    return this;
  }

  /** A database with so many writes in it, and more than a load's chunk. */
  static Path database(Path file, int writes) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      for (String sql : SCHEMA) {
        statement.executeUpdate(sql);
      }
      for (int number = 1; number <= writes; number++) {
        for (String sql : write(number)) {
          statement.executeUpdate(sql);
        }
      }
      statement.executeUpdate("CREATE TABLE blob AS SELECT randomblob(60000) AS b");
    }
    assertThat(Files.exists(file)).isTrue();
    return file;
  }

  /** From now on the database is one of {@link #database}. */
  void replaced(int writes) {
    made = writes;
  }

  /** Each write is in the node's own database, once. */
  void verify(TestCluster.Node node) {
    assertThat(node.local(SUMMARY))
        .isEqualTo(
            made == 0
                ? "null"
                : "%1$d/%1$d/%2$d/%1$d/%1$d/%1$d".formatted(made, (long) made * (made + 1) / 2));
  }
}
