package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogicalDigestTests {

  private static final String[] MADE = {
    "CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, v, big)",
    "CREATE INDEX by_v ON a(v)",
    "CREATE TABLE k(k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    "CREATE TABLE \"od\"\"d\"(rowid, oid, v AS (oid + 1))",
    "CREATE VIRTUAL TABLE f USING fts5(words)",
    "INSERT INTO a(v, big) VALUES(1, zeroblob(9000)),('1', 'x'),(1.5, NULL),(NULL, x'00')",
    "INSERT INTO k VALUES('z', 1),('b', 2)",
    "INSERT INTO \"od\"\"d\" VALUES(7, 8)",
    "INSERT INTO f VALUES('some words')",
    "PRAGMA user_version = 4"
  };

  @TempDir Path folder;

  private Path database(String name, String... more) throws SQLException {
    Path file = folder.resolve(name);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      if (Files.notExists(file) || size(connection) == 0) {
        for (String sql : MADE) {
          boolean _ = statement.execute(sql);
        }
      }
      for (String sql : more) {
        boolean _ = statement.execute(sql);
      }
    }
    return file;
  }

  private static int size(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        var rows = statement.executeQuery("SELECT count(*) FROM sqlite_schema")) {
      return rows.getInt(1);
    }
  }

  @Test
  void isTheSameWhateverThePagesAre() throws Exception {
    Path one = database("one");
    Path other =
        database(
            "other",
            "CREATE TABLE gone(x)",
            "INSERT INTO gone VALUES(zeroblob(50000))",
            "DROP TABLE gone",
            "REINDEX");
    Path vacuumed = folder.resolve("vacuumed");
    DatabaseFile.vacuum(other, vacuumed);
    assertThat(Files.mismatch(one, other)).isNotNegative();

    LogicalDigest expected = LogicalDigest.of(one);

    assertThat(LogicalDigest.of(other)).isEqualTo(expected);
    assertThat(LogicalDigest.of(vacuumed)).isEqualTo(expected);
    assertThat(expected.differenceFrom(LogicalDigest.of(other))).isEmpty();
    assertThat(expected.tables().keySet())
        .contains("a", "k", "od\"d", "f_content", "sqlite_sequence");
    assertThat(expected.tables()).extractingByKey("a").extracting("rows").isEqualTo(4L);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DELETE FROM a WHERE id = 2 | its table a has 3 rows instead of 4",
        "UPDATE a SET v = '1' WHERE id = 1 | its table a has other values in its 4 rows",
        "UPDATE a SET big = zeroblob(8999) WHERE id = 1 | its table a has other values in its 4 rows",
        "UPDATE a SET v = x'31' WHERE id = 2 | its table a has other values in its 4 rows",
        "UPDATE a SET big = x'0000' WHERE id = 4 | its table a has other values in its 4 rows",
        "UPDATE k SET v = 3 WHERE k = 'z' | its table k has other values in its 2 rows",
        "DROP TABLE k | it has no table k",
        "CREATE TABLE more(x) | it has a table more, and should not",
        "DROP INDEX by_v | its schema is another one",
        "PRAGMA user_version = 5 | its schema is another one"
      })
  void saysWhereTheyDiffer(String sql, String difference) throws Exception {
    LogicalDigest wanted = LogicalDigest.of(database("one"));
    LogicalDigest found = LogicalDigest.of(database("other", sql));

    assertThat(found.differenceFrom(wanted)).hasValue(difference);
    assertThat(wanted.differenceFrom(found)).isPresent();
  }

  @Test
  void aFileThatIsNoneIsNoDigest() throws Exception {
    Path file = Files.writeString(folder.resolve("text"), "no database at all ".repeat(100));

    assertThatExceptionOfType(SqliteException.class)
        .isThrownBy(() -> LogicalDigest.of(file))
        .withMessageContaining("cannot be read");
  }

  @Test
  void anInterruptEndsIt() throws Exception {
    Path file = database("one");
    Thread.currentThread().interrupt();

    assertThatExceptionOfType(SqliteException.class)
        .isThrownBy(() -> LogicalDigest.of(file))
        .withMessageContaining("interrupted");
    assertThat(Thread.interrupted()).as("the interrupt is kept").isTrue();
  }
}
