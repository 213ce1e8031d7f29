package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database of 100 MB, each way, through a heap that could not hold it twice. */
class HeapIT {

  private static final String KEY = "big.sqlite.gz";
  private static final long BYTES = 100_000_000;
  private static final String HEAP = "160m";
  private static final String COUNT = "SELECT count(*), sum(length(data)) FROM big";

  @Test
  void aSmallHeapIsEnoughForADatabaseOfAnySize(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("big.sqlite");
    GeneratedDatabase.writeBig(file, BYTES);
    assertThat(Files.size(file)).isGreaterThan(BYTES);
    String counted = count(file);
    try (S3Server server = S3Server.start("backups")) {
      try (NodeCluster one = cluster(folder.resolve("one"), 1, server)) {
        one.startAndAwaitReady();
        loadFile(one.node(0), file, counted);
        one.awaitBackup();
        download(one.node(0), folder.resolve("downloaded.sqlite"), counted);

        one.kill();
        one.wipe();
        one.startAndAwaitReady();
        assertHolds(one, counted);
        loadText(one.node(0), folder.resolve("big.sql"));
        assertSurvived(one);
      }
      try (NodeCluster three = cluster(folder.resolve("three"), 3, server)) {
        three.startAndAwaitReady();
        assertHolds(three, counted);
        assertSurvived(three);
      }
    }
  }

  private static NodeCluster cluster(Path folder, int size, S3Server server) {
    NodeCluster cluster =
        new NodeCluster(folder, size, server.nodeSettings(server.endpoint()))
            .with("liferaft.backup.target=s3://backups/" + KEY)
            .with("liferaft.restore.source=s3://backups/" + KEY)
            .with("liferaft.backup.interval=1s");
    cluster.nodes().forEach(node -> node.withHeap(HEAP));
    return cluster;
  }

  private static void loadFile(LiferaftProcess node, Path file, String counted) throws IOException {
    RqliteClient.Answer loaded = node.client().load(file);
    assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
    assertThat(node.client().query("strong", COUNT)).isEqualTo(counted);
  }

  private static void download(LiferaftProcess node, Path into, String counted)
      throws SQLException {
    assertThat(node.client().download("/db/backup", into)).isEqualTo(200);
    assertThat(count(into)).isEqualTo(counted);
  }

  private static void loadText(LiferaftProcess node, Path file) throws IOException {
    int rows = 0;
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write("CREATE TABLE text (id INTEGER PRIMARY KEY, words TEXT);\n");
      String words = "'" + "word ".repeat(800) + "'";
      for (long written = 0; written < BYTES; written += words.length() + 40) {
        out.write("INSERT INTO text (words) VALUES (" + words + ");\n");
        rows++;
      }
    }
    RqliteClient.Answer loaded = node.client().load(file);
    assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
    assertThat(node.client().query("strong", "SELECT count(*) FROM text"))
        .isEqualTo("[[" + rows + "]]");
  }

  private static String count(Path file) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(COUNT)) {
      return "[[%d,%d]]".formatted(row.getLong(1), row.getLong(2));
    }
  }

  private static void assertHolds(NodeCluster cluster, String counted) {
    for (LiferaftProcess node : cluster.nodes()) {
      assertThat(node.client().query("none", COUNT)).isEqualTo(counted);
    }
  }

  private static void assertSurvived(NodeCluster cluster) {
    for (LiferaftProcess node : cluster.nodes()) {
      assertThat(node.alive()).isTrue();
      assertThat(node.logText()).doesNotContain("OutOfMemory", "Direct buffer memory");
    }
  }
}
