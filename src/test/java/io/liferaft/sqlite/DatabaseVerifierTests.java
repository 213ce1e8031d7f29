package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseVerifierTests {

  @TempDir Path folder;

  private Path database(String name, String mode, boolean filled) throws SQLException {
    Path file = folder.resolve(name);
    try (NativeConnection connection = NativeConnection.write(file)) {
      connection.execute("PRAGMA journal_mode=" + mode);
      connection.execute("PRAGMA user_version=1");
      if (filled) {
        connection.execute("CREATE TABLE t(a PRIMARY KEY, b)");
        connection.execute(
            "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 2000)"
                + " SELECT i || 'x', zeroblob(100) FROM n");
      }
    }
    return file;
  }

  @ParameterizedTest
  @ValueSource(strings = {"DELETE", "WAL"})
  void acceptsSoundFilesAndLeavesNoTrace(String mode) throws Exception {
    Path file = database("a b%20ü#.db", mode, true);
    Path empty = database("empty.db", mode, false);
    Path wal = Files.write(folder.resolve(file.getFileName() + "-wal"), new byte[] {1, 2, 3});
    byte[] before = Files.readAllBytes(file);
    long modified = MainFile.modifiedNanos(file);

    assertThat(SqliteStore.verify(file)).isFalse();
    assertThat(SqliteStore.verify(empty)).isTrue();

    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    assertThat(MainFile.modifiedNanos(file)).isEqualTo(modified);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(file, empty, wal);
    }
  }

  @Test
  void saysWhatIsWrong() throws Exception {
    refuses(Files.write(folder.resolve("none"), new byte[0]), "only 0 bytes");
    refuses(
        Files.write(
            folder.resolve("text"),
            "x".repeat(5000).getBytes(java.nio.charset.StandardCharsets.UTF_8)),
        "does not begin with");
    Path cut = database("cut", "WAL", true);
    setLength(cut, Files.size(cut) - 8192);
    refuses(cut, "truncated");
    Path torn = database("torn", "WAL", true);
    setLength(torn, Files.size(torn) - 100);
    refuses(torn, "truncated");
    Path page = database("page", "DELETE", true);
    overwrite(page, 16, new byte[] {3, 3});
    refuses(page, "a page has 771 bytes");
    Path damaged = database("damaged", "DELETE", true);
    overwrite(damaged, 4096 * 5, new byte[4096]);
    refuses(damaged, "integrity_check says");
    Path schema = database("schema", "DELETE", true);
    overwrite(schema, 100, new byte[500]);
    refuses(schema, "malformed");
    assertThatThrownBy(() -> SqliteStore.verify(folder.resolve("missing")))
        .isInstanceOf(IOException.class);
  }

  /** They pass quick_check; in the log they would stop every node at the first write. */
  @Test
  void refusesWhatOnlyAWriteWouldMeet() throws Exception {
    Path swapped = folder.resolve("swapped");
    try (NativeConnection connection = NativeConnection.write(swapped)) {
      connection.execute("CREATE TABLE t(a, b)");
      connection.execute("CREATE INDEX ia ON t(a)");
      connection.execute("CREATE INDEX ib ON t(b)");
      connection.execute("INSERT INTO t VALUES(1, 'x'), (2, 'y')");
      connection.execute("PRAGMA writable_schema=1");
      connection.execute("UPDATE sqlite_schema SET rootpage = 7 - rootpage WHERE type='index'");
    }
    try (NativeConnection connection = NativeConnection.immutable(swapped)) {
      assertThat(connection.text("PRAGMA quick_check(1)")).isEqualTo("ok");
    }
    refuses(swapped, "integrity_check says: ");

    Path miscounting = folder.resolve("miscounting");
    try (NativeConnection connection = NativeConnection.write(miscounting)) {
      connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b)");
      connection.execute("PRAGMA writable_schema=1");
      connection.execute(
          "UPDATE sqlite_schema SET sql='CREATE TABLE sqlite_sequence(name,seq,more)'"
              + " WHERE name='sqlite_sequence'");
    }
    refuses(miscounting, "sqlite_sequence");
    Path countless = folder.resolve("countless");
    try (NativeConnection connection = NativeConnection.write(countless)) {
      connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
      connection.execute("PRAGMA writable_schema=1");
      connection.execute(
          "UPDATE sqlite_schema SET sql='CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b)'");
    }
    refuses(countless, "sqlite_sequence");
  }

  private static void refuses(Path file, String message) {
    assertThatThrownBy(() -> SqliteStore.verify(file))
        .isInstanceOf(SqliteException.InvalidDatabase.class)
        .hasMessageContaining(message)
        .extracting(Throwable::getMessage, InstanceOfAssertFactories.STRING)
        .as("it has another name where it comes from")
        .doesNotStartWith(file.getFileName().toString());
  }

  private static void setLength(Path file, long length) throws IOException {
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.setLength(length);
    }
  }

  private static void overwrite(Path file, long at, byte[] bytes) throws IOException {
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.seek(at);
      access.write(bytes);
    }
  }
}
