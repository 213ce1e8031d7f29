package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeDatabase;
import io.liferaft.support.FakeRaftNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyDigestTests {

  @TempDir Path folder;

  @Test
  void tellsAnEmptyDatabaseFromOneWithObjects() throws Exception {
    assertThat(digest(database()).empty()).isTrue();
    assertThat(digest(database("CREATE TABLE t(a)")).empty()).isFalse();
    assertThat(digest(database("CREATE TABLE t(a)", "DROP TABLE t")).empty()).isTrue();
    assertThat(digest(database("CREATE VIEW v AS SELECT 1")).empty()).isFalse();
  }

  @Test
  void tellsASchemaThatFillsManyPages() throws Exception {
    String[] tables = new String[300];
    for (int i = 0; i < tables.length; i++) {
      tables[i] = "CREATE TABLE a_table_with_a_long_name_" + i + "(column_one, column_two)";
    }

    assertThat(digest(database(tables)).empty()).isFalse();
  }

  @Test
  void takesAFileOfNoBytesForEmpty() throws Exception {
    assertThat(digest(Files.createFile(folder.resolve("nothing"))).empty()).isTrue();
  }

  @Test
  void countsFreePagesForNothing() throws Exception {
    String[] deleted = {
      "CREATE TABLE t(a)", "INSERT INTO t VALUES (randomblob(900000))", "DELETE FROM t"
    };

    CopyDigest digest = digest(database(deleted));

    assertThat(digest.sizeBytes()).isGreaterThan(900_000);
    assertThat(digest.usedBytes()).isBetween(1L, 20_000L);
    assertThat(digest(Files.createFile(folder.resolve("none"))).usedBytes()).isEqualTo(-1);
  }

  @Test
  void hashesAndWritesTheWholeFile() throws Exception {
    Path file = database("CREATE TABLE t(a)", "INSERT INTO t VALUES (randomblob(900000))");
    byte[] bytes = Files.readAllBytes(file);
    ByteArrayOutputStream written = new ByteArrayOutputStream();

    CopyDigest digest = digest(file);
    try (FileCopy copy = new FileCopy(file)) {
      confirmed(copy).writeTo(written);
    }

    assertThat(digest.sha256()).isEqualTo(FakeDatabase.sha256(bytes));
    assertThat(digest.sizeBytes()).isEqualTo(bytes.length);
    assertThat(digest.sqliteVersion()).startsWith("3.");
    assertThat(written.toByteArray()).isEqualTo(bytes);
  }

  private static CopyDigest digest(Path file) throws IOException {
    try (FileCopy copy = new FileCopy(file)) {
      return CopyDigest.of(confirmed(copy), new FakeArchive("file:/x/y"));
    }
  }

  private static ConfirmedCopy confirmed(DatabaseCopy copy) {
    FakeRaftNode node = new FakeRaftNode().lead();
    return new ConfirmedCopy(copy, node, node.term());
  }

  private Path database(String... statements) throws IOException, SQLException {
    Path file = Files.createTempFile(folder, "db", ".sqlite");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA user_version = 1");
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
    return file;
  }

  private static final class FileCopy implements DatabaseCopy {
    private final FileChannel channel;

    FileCopy(Path file) throws IOException {
      channel = FileChannel.open(file);
    }

    @Override
    public byte[] payload() {
      return new byte[0];
    }

    @Override
    public long sizeBytes() {
      try {
        return channel.size();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public int read(long offset, ByteBuffer into) throws IOException {
      return channel.read(into, offset);
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
