package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static io.liferaft.sqlite.Entries.show;
import static io.liferaft.sqlite.Entries.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueryTests {

  private static final String ENDLESS =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n";

  @TempDir Path folder;
  private final SqliteStore store =
      new SqliteStore(new SqliteSettings(2, 1L << 30, Duration.ofMillis(200)), null);

  @BeforeEach
  void open() {
    assertThat(store.open(folder)).isEmpty();
    store.apply(
        List.of(
            execute(
                "CREATE TABLE t(id INTEGER PRIMARY KEY, name VARCHAR(10), d Decimal(10,2), x)",
                "INSERT INTO t VALUES(1,'fiona',2.5,NULL),(2,'tom',3,x'01')")));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private String query(String... sql) {
    return query(false, Arrays.stream(sql).map(SqlStatement::of).toArray(SqlStatement[]::new));
  }

  private String query(boolean transaction, SqlStatement... statements) {
    return show(store.query(List.of(statements), transaction, Duration.ofSeconds(20)));
  }

  @Test
  void aStatementThatWasPreparedBeforeFollowsTheSchema() {
    String all = "SELECT * FROM s";
    assertThat(query(all)).contains("no such table: s");
    store.apply(List.of(execute("CREATE TABLE s(a)", "INSERT INTO s VALUES(1)")));
    String one = query(all);
    assertThat(query(all)).isEqualTo(one);

    store.apply(List.of(execute("ALTER TABLE s ADD COLUMN b TEXT DEFAULT 'x'")));
    assertThat(query(all)).isNotEqualTo(one).contains("b", "x");

    store.apply(List.of(execute("DROP TABLE s")));
    assertThat(query(all)).contains("no such table: s");
    store.apply(List.of(execute("CREATE TABLE s(a)", "INSERT INTO s VALUES(1)")));
    assertThat(query(all)).isEqualTo(one);
  }

  @Test
  void aStatementThatWasPreparedBeforeIsBoundAnew() {
    String byKey = "SELECT name FROM t WHERE id=?";
    assertThat(query(false, with(byKey, 1L))).contains("fiona");
    assertThat(query(false, with(byKey, 2L), with(byKey, 1L))).contains("tom", "fiona");
    assertThat(query(true, with(byKey, 3L))).doesNotContain("tom", "fiona");
  }

  @Test
  void knowsTheTablesOfColumns() {
    store.apply(
        List.of(
            execute(
                "CREATE TABLE o(id INTEGER PRIMARY KEY, t INT)",
                "CREATE VIEW v AS SELECT name AS n, id + 1 AS more FROM t")));

    assertThat(qualified("SELECT a.id, a.name AS who, b.*, count(*), a.id+1 FROM t a, o b"))
        .containsExactly("t.id", "t.who", "o.id", "o.t", "count(*)", "a.id+1");
    assertThat(qualified("SELECT *, 1 FROM v")).containsExactly("t.n", "more", "1");
    assertThat(qualified("SELECT i FROM (SELECT id AS i FROM t)")).containsExactly("t.i");
    assertThat(qualified("PRAGMA user_version")).containsExactly("user_version");
  }

  private List<String> qualified(String sql) {
    SqlResult result =
        store.query(List.of(SqlStatement.of(sql)), false, Duration.ofSeconds(20)).getFirst();
    assertThat(result).isInstanceOf(SqlResult.Rows.class);
    SqlResult.Rows rows = (SqlResult.Rows) result;
    assertThat(rows.columns()).hasSameSizeAs(rows.tables());
    return rows.qualified().columns();
  }

  @Test
  void answersDeclaredAndInferredTypes() {
    assertThat(query("SELECT *, id+1, 'a' AS id, 1.5, x'00', NULL FROM t"))
        .isEqualTo(
            "rows([id, name, d, x, id+1, id, 1.5, x'00', NULL]"
                + "[integer, varchar(10), decimal(10,2), , integer, text, real, text, ]"
                + "[[1, fiona, 2.5, null, 2, a, 1.5, x[0], null],"
                + " [2, tom, 3, x[1], 3, a, 1.5, x[0], null]])");
    assertThat(query("SELECT x, 1 FROM t WHERE 0")).isEqualTo("rows([x, 1][, ][])");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO t(id) VALUES(9)",
        "INSERT INTO t(id) VALUES(9) RETURNING id",
        "UPDATE t SET name='x'",
        "DELETE FROM t",
        "CREATE TABLE u(a)",
        "CREATE TEMP TABLE u(a)",
        "DROP TABLE t",
        "ALTER TABLE t ADD COLUMN y",
        "VACUUM",
        "ANALYZE",
        "REINDEX",
        "ATTACH ':memory:' AS m",
        "PRAGMA user_version=5",
        "PRAGMA journal_mode=DELETE",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "SELECT 1; DELETE FROM t",
        "WITH w AS (SELECT 1) DELETE FROM t",
      })
  void refusesToWrite(String sql) {
    String before = store.contentDigest();

    assertThat(query(sql)).isEqualTo("failed(attempt to change database via query operation)");

    assertThat(store.contentDigest()).isEqualTo(before);
  }

  @Test
  void harmlessStatementsAnswerNothing() {
    assertThat(
            query(
                "BEGIN",
                "COMMIT",
                "ROLLBACK",
                "SAVEPOINT x",
                "PRAGMA foreign_keys=1",
                "-- c",
                "SELECT 1; -- c",
                ""))
        .isEqualTo("rows([][][]) ".repeat(7).strip());
    assertThat(query("BEGIN nonsense")).isEqualTo("failed(near \"nonsense\": syntax error)");
  }

  @Test
  void settingsOfAClientDoNotStick() {
    for (int i = 0; i < 4; i++) {
      query(
          "PRAGMA foreign_keys=1",
          "PRAGMA case_sensitive_like=1",
          "PRAGMA query_only=0",
          "PRAGMA recursive_triggers(1)",
          "EXPLAIN PRAGMA foreign_keys=1",
          "PRAGMA cache_size=1",
          "BEGIN",
          "SELECT * FROM t");
    }

    String state =
        query(
            "PRAGMA foreign_keys",
            "SELECT 'A' LIKE 'a'",
            "PRAGMA query_only",
            "PRAGMA recursive_triggers");
    assertThat(state)
        .isEqualTo(
            "rows([foreign_keys][integer][[0]]) rows(['A' LIKE 'a'][integer][[1]])"
                + " rows([query_only][integer][[1]]) rows([recursive_triggers][integer][[0]])");
    store.apply(List.of(execute("INSERT INTO t(id) VALUES(77)")));
    assertThat(query("SELECT max(id) FROM t")).contains("[[77]]");
  }

  @Test
  void informationalPragmasAndExplainAnswerRows() {
    assertThat(query("PRAGMA table_info(t)")).contains("VARCHAR(10)");
    assertThat(query("PRAGMA main.user_version")).contains("[[0]]");
    assertThat(query("PRAGMA foreign_key_check")).startsWith("rows([table,");
    assertThat(query("EXPLAIN QUERY PLAN DELETE FROM t WHERE x=1")).contains("SCAN t");
    assertThat(query("EXPLAIN INSERT INTO t(id) VALUES(5)")).startsWith("rows([addr,");
    assertThat(query("SELECT count(*) FROM t")).contains("[[2]]");
  }

  @Test
  void errorsStopNothingAndParametersAreCounted() {
    assertThat(
            query(
                true,
                SqlStatement.of("SELECT * FROM nope"),
                with("SELECT ?, ?", 1L),
                SqlStatement.of("SELECT ?"),
                with("SELECT ?; SELECT ?, ?", 1L, 2L, "c")))
        .isEqualTo(
            "failed(no such table: nope) failed(not enough args to execute query: want 2 got 1)"
                + " failed(not enough args to execute query: want 1 got 0)"
                + " rows([?, ?][integer, text][[2, c]])");
  }

  @Test
  void endsAStatementAtItsTimeLimit() {
    List<SqlResult> results =
        store.query(
            List.of(SqlStatement.of(ENDLESS), SqlStatement.of("SELECT 1")),
            true,
            Duration.ofMillis(100));

    assertThat(show(results)).isEqualTo("failed(query timeout) rows([1][integer][[1]])");
  }

  @Test
  void limitsTheRowsOfAnAnswer() {
    assertThat(
            query(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 100)"
                    + " SELECT zeroblob(1000000) FROM n"))
        .startsWith("failed(result too large");
  }

  @Test
  void readsWhileWritesGoOnAndRunsAgainWhatACheckpointInterrupts() throws Exception {
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> slow = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        slow.add(
            callers.submit(() ->
                query(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 3000000)"
                        + " SELECT count(*) FROM n")));
      }
      for (int i = 0; i < 3; i++) {
        store.apply(List.of(execute("UPDATE t SET d=d+1")));
        assertThat(store.checkpoint(new byte[] {1})).isTrue();
      }
      for (Future<String> result : slow) {
        assertThat(result.get()).contains("[[3000000]]");
      }
    }
  }

  @Test
  @Timeout(30)
  void anEndlessReadKeepsNoCheckpointWaiting() {
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<List<SqlResult>> endless =
          callers.submit(
              () -> store.query(List.of(SqlStatement.of(ENDLESS)), true, Duration.ofHours(1)));
      while (!endless.isDone()) {
        store.apply(List.of(execute("UPDATE t SET d=d+1")));
        assertThat(store.checkpoint(new byte[] {1})).isTrue();
      }

      assertThatThrownBy(endless::get).hasMessageContaining("interrupted by checkpoints");
    }
    assertThat(query("SELECT count(*) FROM t")).contains("[[2]]");
  }

  @Test
  void tellsReadsFromWrites() {
    for (String read :
        List.of(
            "SELECT * FROM t",
            "",
            "-- c",
            "BEGIN",
            "EXPLAIN DELETE FROM t",
            "PRAGMA table_info(t)",
            "WITH w AS (SELECT 1) SELECT * FROM w",
            "SELECT 1; DELETE FROM t",
            "PRAGMA foreign_keys=1")) {
      assertThat(store.readOnly(SqlStatement.of(read))).as(read).isTrue();
    }
    for (String write :
        List.of(
            "SELECT * FROM nope",
            "bad",
            "DELETE FROM t",
            "DELETE FROM t RETURNING id",
            "VACUUM",
            "PRAGMA user_version=1",
            "CREATE TABLE x(a)",
            "WITH w AS (SELECT 1) DELETE FROM t")) {
      assertThat(store.readOnly(SqlStatement.of(write))).as(write).isFalse();
    }
  }

  @Test
  void saysWhetherWritesEnforceForeignKeys() {
    assertThat(query("PRAGMA foreign_keys")).contains("0").doesNotContain("1");

    store.apply(List.of(execute("PRAGMA foreign_keys=ON")));
    assertThat(query("PRAGMA foreign_keys")).contains("1").doesNotContain("0");
    assertThat(query(true, SqlStatement.of("PRAGMA foreign_keys"))).contains("1");

    store.enforceForeignKeys(false);
    assertThat(query("PRAGMA foreign_keys")).contains("0").doesNotContain("1");
  }

  @Test
  void saysWhetherTheSchemaIsEmpty() {
    assertThat(store.isEmpty()).isFalse();
    store.apply(
        List.of(
            execute("CREATE TABLE s(a INTEGER PRIMARY KEY AUTOINCREMENT)", "ANALYZE"),
            execute("DROP TABLE t", "DROP TABLE s")));
    assertThat(store.isEmpty()).isTrue();
  }
}
