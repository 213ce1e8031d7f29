package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link DatabaseFile} makes of a file. */
class SqlDumpTests {

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("it's.sqlite");
  }

  private void made(String... statements) throws SQLException {
    try (NativeConnection connection = NativeConnection.write(file)) {
      for (String statement : statements) {
        connection.execute(statement);
      }
    }
  }

  private String dump(String... tables) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    DatabaseFile.dump(file, Set.of(tables), out);
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Loads a dump as {@code /db/load} does, into a store that has what is in another file. */
  private void loaded(String dump, String... queries) throws IOException {
    Path text = Files.writeString(folder.resolve("dump.sql"), dump);
    try (SqliteStore store = new SqliteStore();
        NativeConnection original = NativeConnection.immutable(file)) {
      store.open(folder.resolve("store"));
      EntryOutcome outcome =
          store
              .apply(
                  List.of(
                      new SqlEntry(
                          SqliteStore.statementsOf(text),
                          false,
                          SqlForm.TEXT,
                          1,
                          1,
                          1_000_000_000,
                          true)))
              .getFirst();
      assertThat(outcome.results()).allMatch(result -> !(result instanceof SqlResult.Failed));
      for (String query : queries) {
        SqlResult result =
            store.query(List.of(SqlStatement.of(query)), false, Duration.ofSeconds(10)).getFirst();
        assertThat(rows(result)).as(query).isNotEmpty().isEqualTo(rows(original, query));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<List<String>> rows(SqlResult result) {
    assertThat(result).isInstanceOf(SqlResult.Rows.class);
    return ((SqlResult.Rows) result)
        .values().stream()
            .map(row -> Arrays.stream(row).map(SqlDumpTests::shown).toList())
            .toList();
  }

  private static List<List<String>> rows(NativeConnection connection, String query)
      throws SQLException {
    List<List<String>> rows = new ArrayList<>();
    try (PreparedSql select = connection.prepare(query)) {
      while (select.step()) {
        List<String> row = new ArrayList<>();
        for (int i = 0; i < select.columnCount(); i++) {
          row.add(shown(select.valueAt(i)));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  private static String shown(@Nullable Object value) {
    return value instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : String.valueOf(value);
  }

  @Test
  void writesAnEmptyDatabase() throws Exception {
    made("PRAGMA user_version=1");

    assertThat(dump()).isEqualTo("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCOMMIT;\n");
  }

  @Test
  void writesRqlitesLayout() throws Exception {
    made(
        "CREATE TABLE z (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",
        "CREATE TRIGGER after_r AFTER INSERT ON z BEGIN SELECT 1; END",
        "CREATE TABLE r (id INTEGER, data BLOB, note TEXT, nil, amount REAL)",
        "CREATE VIEW v AS SELECT * FROM r",
        "CREATE INDEX i ON r (note)",
        "INSERT INTO r VALUES(1512400003116690277, x'6ffc77', 'it''s', NULL, 2461367.3714109953)",
        "INSERT INTO r VALUES(-1, x'', '', '', 1.0)",
        "INSERT INTO z VALUES(7, 0.1), (8, 1e300)",
        "DELETE FROM z WHERE id=8",
        "ANALYZE");

    assertThat(dump())
        .isEqualTo(
            """
            PRAGMA foreign_keys=OFF;
            BEGIN TRANSACTION;
            CREATE TABLE r (id INTEGER, data BLOB, note TEXT, nil, amount REAL);
            INSERT INTO "r" VALUES(1512400003116690277,X'6FFC77','it''s',NULL,2461367.3714109953);
            INSERT INTO "r" VALUES(-1,X'','','',1.0);
            ANALYZE "sqlite_master";
            INSERT INTO "sqlite_stat1" VALUES('z',NULL,'1');
            INSERT INTO "sqlite_stat1" VALUES('r','i','2 1');
            CREATE TABLE z (id INTEGER PRIMARY KEY AUTOINCREMENT, a);
            INSERT INTO "z" VALUES(7,0.1);
            DELETE FROM "sqlite_sequence";
            INSERT INTO "sqlite_sequence" VALUES('z',8);
            CREATE TRIGGER after_r AFTER INSERT ON z BEGIN SELECT 1; END;
            CREATE VIEW v AS SELECT * FROM r;
            CREATE INDEX i ON r (note);
            COMMIT;
            """);
    loaded(
        dump(),
        "SELECT * FROM r",
        "SELECT * FROM z",
        "SELECT * FROM sqlite_sequence",
        "SELECT * FROM sqlite_stat1 ORDER BY 1",
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name");
  }

  @Test
  void limitsTablesAndKeepsWhatElseThereIs() throws Exception {
    made(
        "CREATE TABLE a (x)",
        "CREATE TABLE b (x)",
        "CREATE TABLE \"A\"\"c\" (x)",
        "INSERT INTO b VALUES(1)",
        "INSERT INTO \"A\"\"c\" VALUES(2)",
        "CREATE INDEX i ON a (x)");

    assertThat(dump("A\"c", "B", "nothing"))
        .isEqualTo(
            """
            PRAGMA foreign_keys=OFF;
            BEGIN TRANSACTION;
            CREATE TABLE "A""c" (x);
            INSERT INTO "A""c" VALUES(2);
            CREATE INDEX i ON a (x);
            COMMIT;
            """);
  }

  @Test
  void losesNothingOfAValue() throws Exception {
    made(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v)",
        "INSERT INTO t(v) VALUES('a' || char(0) || 'b'), (CAST(x'61ff62' AS TEXT)), (char(65533)),"
            + " ('größe 💡 '';' || char(10)), (9e999), (-9e999), (-0.0), (5e-324), (0.1+0.2),"
            + " (-9223372036854775808), (9223372036854775807), ('X''00'''), (x'27')");

    assertThat(dump())
        .contains("CAST(X'610062' AS TEXT)", "CAST(X'61FF62' AS TEXT)", "VALUES(3,'\uFFFD')");
    loaded(dump(), "SELECT id, typeof(v), hex(v), quote(v) FROM t", "SELECT * FROM t WHERE id > 3");
  }

  @Test
  void leavesOutWhatIsGenerated() throws Exception {
    made(
        "CREATE TABLE g (a, b AS (a * 2), c, d AS (a + c) STORED)",
        "INSERT INTO g VALUES(1, 3)",
        "CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
        "INSERT INTO w VALUES('k', 'v')",
        "CREATE TABLE s (n INT) STRICT");

    assertThat(dump()).contains("INSERT INTO \"g\" VALUES(1,3);");
    loaded(dump(), "SELECT * FROM g", "SELECT * FROM w");
  }

  @Test
  void makesVirtualTablesAgainWithAllThatIsInThem() throws Exception {
    made(
        "CREATE TABLE text (id INTEGER PRIMARY KEY, body)",
        "CREATE VIRTUAL TABLE own USING fts5(body, prefix='2')",
        "CREATE VIRTUAL TABLE outer_one USING fts5(body, content='text', content_rowid='id')",
        "CREATE VIRTUAL TABLE contentless USING fts5(body, content='')",
        "CREATE VIRTUAL TABLE three USING fts4(body)",
        "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1)",
        "INSERT INTO text VALUES(1, 'a word in time'), (2, 'another')",
        "INSERT INTO own(rowid, body) SELECT id, body FROM text",
        "INSERT INTO outer_one(rowid, body) SELECT id, body FROM text",
        "INSERT INTO contentless(rowid, body) SELECT id, body FROM text",
        "INSERT INTO three(docid, body) SELECT id, body FROM text",
        "INSERT INTO boxes VALUES(1, 0.5, 2), (2, 3, 4)");

    String dump = dump();
    assertThat(dump)
        .doesNotContain("CREATE TABLE 'own_data'")
        .contains("CREATE VIRTUAL TABLE own USING fts5(body, prefix='2');\n")
        .contains("DELETE FROM \"own_data\";\nINSERT INTO \"own_data\" VALUES(1,");
    loaded(
        dump,
        "SELECT rowid, body FROM own WHERE own MATCH 'word'",
        "SELECT rowid, body FROM outer_one WHERE outer_one MATCH 'word'",
        "SELECT rowid FROM contentless WHERE contentless MATCH 'another'",
        "SELECT docid, body FROM three WHERE three MATCH 'word'",
        "SELECT * FROM boxes WHERE x0 < 2");
    assertThat(dump("own")).contains("own_data").doesNotContain("outer_one", "three", "boxes");
  }

  @Test
  void writesAVirtualTableThatGoesOn() throws Exception {
    made("CREATE VIRTUAL TABLE own USING fts5(body)", "INSERT INTO own VALUES('first word')");
    Path text = Files.writeString(folder.resolve("dump.sql"), dump());

    try (NativeConnection again = NativeConnection.write(folder.resolve("again.sqlite"))) {
      for (SqlStatement statement : SqliteStore.statementsOf(text)) {
        again.execute(statement.sql());
      }
      again.execute("INSERT INTO own VALUES('second word')");
      again.execute("INSERT INTO own(own) VALUES('integrity-check')");

      assertThat(again.number("SELECT count(*) FROM own WHERE own MATCH 'word'")).isEqualTo(2);
    }
  }

  @Test
  void vacuumsIntoAFileOutOfWalMode() throws Exception {
    made(
        "PRAGMA journal_mode=WAL",
        "CREATE TABLE t (x)",
        "INSERT INTO t VALUES(zeroblob(1000000))",
        "DELETE FROM t",
        "INSERT INTO t VALUES('kept')");
    Path into = Files.createFile(folder.resolve("vacuum'ed.sqlite"));

    DatabaseFile.vacuum(file, into);

    byte[] bytes = Files.readAllBytes(into);
    assertThat(bytes.length).isLessThan(100_000);
    assertThat(bytes[18]).isEqualTo((byte) 1);
    assertThat(bytes[19]).isEqualTo((byte) 1);
    assertThat(SqliteStore.verify(into)).isFalse();
    try (NativeConnection vacuumed = NativeConnection.immutable(into)) {
      assertThat(vacuumed.text("SELECT x FROM t")).isEqualTo("kept");
    }
  }

  @Test
  void saysThatAFileIsNone() throws Exception {
    Files.writeString(file, "nonsense ".repeat(100));

    assertThatThrownBy(this::dump)
        .isInstanceOf(SqliteException.class)
        .hasMessageContaining("it's.sqlite cannot be dumped: file is not a database");
    assertThatThrownBy(() -> DatabaseFile.vacuum(file, folder.resolve("other")))
        .isInstanceOf(SqliteException.class)
        .hasMessageContaining("file is not a database");
  }
}
