package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static io.liferaft.sqlite.Entries.named;
import static io.liferaft.sqlite.Entries.request;
import static io.liferaft.sqlite.Entries.show;
import static io.liferaft.sqlite.Entries.transaction;
import static io.liferaft.sqlite.Entries.with;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApplyTests {

  @TempDir Path folder;
  private final SqliteStore store = new SqliteStore();

  @BeforeEach
  void open() {
    assertThat(store.open(folder)).isEmpty();
  }

  @AfterEach
  void close() {
    store.close();
  }

  private String apply(SqlEntry entry) {
    return show(store.apply(List.of(entry)).getFirst());
  }

  private String query(String sql) {
    return show(store.query(List.of(SqlStatement.of(sql)), false, Duration.ofSeconds(10)));
  }

  @Test
  void repeatsCountersOfEarlierStatements() {
    assertThat(apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE)")))
        .isEqualTo("write(0,0)");
    assertThat(apply(execute("INSERT INTO t(b) VALUES('x'),('y')"))).isEqualTo("write(2,2)");
    assertThat(
            apply(execute("CREATE TABLE u(a)", "SELECT * FROM t", "UPDATE t SET b='z' WHERE a=9")))
        .isEqualTo("write(2,2) write(2,2) write(2,0)");
    assertThat(apply(execute("INSERT OR IGNORE INTO t VALUES(1,'x')"))).isEqualTo("write(2,0)");
    assertThat(apply(execute("EXPLAIN INSERT INTO t VALUES(7,'q')"))).isEqualTo("write(2,0)");
  }

  @Test
  void answersBareMessagesAndGoesOn() {
    apply(
        execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE)", "CREATE TABLE s(a INT) STRICT"));

    assertThat(
            apply(
                execute(
                    "bad",
                    "SELECT",
                    "INSERT INTO foo VALUES(1)",
                    "INSERT INTO t VALUES(1,2)",
                    "INSERT INTO t VALUES(2,2)",
                    "INSERT INTO t(a) VALUES(1,2)",
                    "INSERT INTO s VALUES('x')",
                    "SELECT rot13('x')",
                    "INSERT INTO t VALUES('text',5)",
                    "SELECT load_extension('x')")))
        .isEqualTo(
            "failed(near \"bad\": syntax error) failed(incomplete input) failed(no such table: foo)"
                + " write(1,1) failed(UNIQUE constraint failed: t.b)"
                + " failed(2 values for 1 columns)"
                + " failed(cannot store TEXT value in INT column s.a)"
                + " failed(no such function: rot13) failed(datatype mismatch)"
                + " failed(not authorized)");
  }

  @Test
  void transactionStopsAndRollsBackAtTheFirstFailure() {
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY)"));

    EntryOutcome outcome =
        store
            .apply(
                List.of(transaction("INSERT INTO t VALUES(1)", "bad", "INSERT INTO t VALUES(2)")))
            .getFirst();

    assertThat(show(outcome)).isEqualTo("write(1,1) failed(near \"bad\": syntax error)");
    assertThat(outcome.changed()).isFalse();
    assertThat(query("SELECT count(*) FROM t")).isEqualTo("rows([count(*)][integer][[0]])");
  }

  @Test
  void requestGoesOnBehindWhatDoesNotPrepareEvenInATransaction() {
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY)"));

    SqlEntry prepares =
        Entries.entry(
            SqlForm.REQUEST,
            true,
            1,
            "INSERT INTO t VALUES(1)",
            "SELECT * FROM no",
            "INSERT INTO t VALUES(2)");
    SqlEntry executes =
        Entries.entry(
            SqlForm.REQUEST,
            true,
            1,
            "INSERT INTO t VALUES(3)",
            "INSERT INTO t VALUES(1)",
            "INSERT INTO t VALUES(4)");

    assertThat(apply(prepares)).isEqualTo("write(1,1) failed(no such table: no) write(2,1)");
    assertThat(apply(executes)).isEqualTo("write(3,1) failed(UNIQUE constraint failed: t.a)");
    assertThat(query("SELECT group_concat(a) FROM t")).contains("[[1,2]]");
  }

  @Test
  void commitInsideATransactionFailsTheRequest() {
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY)"));

    EntryOutcome outcome =
        store.apply(List.of(transaction("INSERT INTO t VALUES(1)", "COMMIT"))).getFirst();

    assertThat(outcome.results()).isEmpty();
    assertThat(outcome.error()).isEqualTo("cannot commit - no transaction is active");
    assertThat(outcome.changed()).isTrue();
    assertThat(query("SELECT count(*) FROM t")).contains("[[1]]");
    assertThat(apply(transaction("BEGIN", "INSERT INTO t VALUES(2)")))
        .isEqualTo("failed(cannot start a transaction within a transaction)");
  }

  @Test
  void rollsBackWhatIsLeftOpen() {
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY)"));

    assertThat(apply(execute("BEGIN", "INSERT INTO t VALUES(1)")))
        .isEqualTo(" error: a transaction was left open and has been rolled back");
    assertThat(
            apply(execute("BEGIN", "INSERT INTO t VALUES(2)", "COMMIT", "INSERT INTO t VALUES(3)")))
        .isEqualTo("write(1,1) write(2,1) write(2,1) write(3,1)");
    assertThat(query("SELECT group_concat(a) FROM t")).contains("[[2,3]]");
  }

  @Test
  void returnsRowsOfReturningHoweverItIsWritten() {
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b VARCHAR(10))"));

    assertThat(
            apply(
                execute(
                    "INSERT INTO t VALUES(1,'x') RETURNING\n*",
                    "UPDATE t SET b='y' WHERE 0 RETURNING\ta",
                    "INSERT INTO t VALUES(2,'returning x') /* returning a */",
                    "DELETE FROM t WHERE a=1/**/RETURNING/**/b AS c")))
        .isEqualTo(
            "rows([a, b][integer, varchar(10)][[1, x]]) rows([a][integer][]) write(2,1)"
                + " rows([c][varchar(10)][[x]])");
  }

  @Test
  void requestAnswersRowsAndWrites() {
    assertThat(
            apply(
                request(
                    "CREATE TABLE t(a INTEGER PRIMARY KEY, b)",
                    "INSERT INTO t VALUES(1, 2.5)",
                    "SELECT *, 'x' AS c, NULL AS d FROM t",
                    "WITH w AS (SELECT 1) INSERT INTO t SELECT 2, 3 FROM w",
                    "SELECT 1 WHERE 0",
                    "PRAGMA user_version",
                    "PRAGMA journal_mode",
                    "EXPLAIN QUERY PLAN SELECT 1",
                    "VALUES(x'00')",
                    "-- nothing")))
        .isEqualTo(
            "write(0,0) write(1,1) rows([a, b, c, d][integer, real, text, ][[1, 2.5, x, null]])"
                + " write(2,1) rows([1][][]) rows([user_version][integer][[0]]) write(2,1)"
                + " rows([id, parent, notused, detail][integer, integer, integer, text]"
                + "[[1, 0, 0, SCAN CONSTANT ROW]]) rows([column1][text][[x[0]]]) write(0,0)");
  }

  @Test
  void bindsParametersAsRqliteCountsThem() {
    apply(execute("CREATE TABLE t(a, b, c)"));
    List<SqlStatement> statements =
        List.of(
            with("INSERT INTO t VALUES(?, ?, ?)", 1L, "x", new byte[] {1}),
            with("INSERT INTO t VALUES(?, ?, ?)", 1L),
            SqlStatement.of("INSERT INTO t VALUES(?, ?, ?)"),
            with("INSERT INTO t VALUES(?, 5, 6)", 7L, 8L, 9L),
            new SqlStatement(
                "INSERT INTO t VALUES(:a, @b, $c)",
                List.of(named("b", "B"), named("c", null), named("a", 2.5))),
            new SqlStatement("INSERT INTO t VALUES(:a, 0, 0)", List.of(named(":a", 1L))),
            with("INSERT INTO t(a) VALUES(?); INSERT INTO t(a) VALUES(?)", "first", "second"),
            with("INSERT INTO t VALUES(?3, ?1, ?2)", 1L, 2L, 3L),
            new SqlStatement(
                "INSERT INTO t(a, b) VALUES(:x, :y)", List.of(named("x", 1L), named("z", 2L))));

    String results =
        show(
            store
                .apply(List.of(Entries.of(statements, SqlForm.EXECUTE, false, 1, Entries.STEPS)))
                .getFirst());

    assertThat(results)
        .isEqualTo(
            "write(1,1) failed(not enough args to execute query: want 3 got 1) write(2,1) write(3,1)"
                + " write(4,1) failed(name \":a\" does not begin with a letter) write(6,1)"
                + " write(7,1) write(8,1)");
    assertThat(query("SELECT * FROM t"))
        .isEqualTo(
            "rows([a, b, c][integer, text, text][[1, x, x[1]], [null, null, null], [7, 5, 6],"
                + " [2.5, B, null], [first, null, null], [second, null, null], [3, 1, 2],"
                + " [1, null, null]])");
  }

  @Test
  void describesTheLastStatementOfAString() {
    assertThat(
            apply(
                execute(
                    "CREATE TABLE t(a); INSERT INTO t VALUES(1),(2); ",
                    "INSERT INTO t VALUES(3); bad; INSERT INTO t VALUES(4)",
                    "INSERT INTO t VALUES(5); -- done",
                    "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a=a; SELECT 1; END; INSERT INTO t VALUES(6)",
                    "")))
        .isEqualTo("write(2,2) failed(near \"bad\": syntax error) write(0,0) write(5,1)");
    assertThat(query("SELECT count(*) FROM t")).contains("[[5]]");
  }

  @Test
  void acceptsDoubleQuotedStrings() {
    assertThat(apply(execute("CREATE TABLE t(a)", "INSERT INTO t VALUES(\"fiona\")")))
        .endsWith("write(1,1)");
  }

  @Test
  void countersOfSqliteStartAtZeroInEveryEntry() {
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY)", "INSERT INTO t VALUES(41)"));

    String counters = "SELECT last_insert_rowid(), changes(), total_changes()";
    assertThat(apply(request(counters, "INSERT INTO t VALUES(50),(51)", counters)))
        .contains("[[0, 0, 0]]")
        .contains("[[51, 2, 2]]");
    assertThat(apply(request("INSERT INTO t SELECT 60 + last_insert_rowid()")))
        .isEqualTo("write(60,1)");
  }

  @Test
  void saysWhetherAnythingChanged() {
    List<EntryOutcome> outcomes =
        store.apply(
            List.of(
                execute("CREATE TABLE t(a UNIQUE)"),
                execute("SELECT * FROM t", "bad"),
                execute("UPDATE t SET a=1"),
                execute("INSERT INTO t VALUES(1)"),
                execute("INSERT INTO t VALUES(1)"),
                execute("INSERT OR FAIL INTO t VALUES(2),(1)"),
                execute("PRAGMA user_version=3"),
                execute("PRAGMA user_version"),
                execute("BEGIN; COMMIT")));

    assertThat(outcomes)
        .extracting(EntryOutcome::changed)
        .containsExactly(true, false, true, true, false, true, true, false, false);
  }

  @Test
  void textStopsAtTheFirstErrorAndRollsBack() {
    assertThat(
            apply(
                Entries.entry(
                    SqlForm.TEXT,
                    false,
                    1,
                    "CREATE TABLE t(a)",
                    "BEGIN",
                    "INSERT INTO t VALUES(1)",
                    "COMMIT",
                    "INSERT INTO t VALUES(2),(3)")))
        .isEqualTo("write(3,2)");
    assertThat(
            apply(
                Entries.entry(
                    SqlForm.TEXT, false, 1, "BEGIN", "INSERT INTO t VALUES(1)", "bad", "COMMIT")))
        .isEqualTo("failed(near \"bad\": syntax error)");
    assertThat(apply(Entries.entry(SqlForm.TEXT, false, 1))).isEmpty();
    assertThat(apply(Entries.entry(SqlForm.TEXT, false, 1, "BEGIN", "DELETE FROM t")))
        .startsWith("failed(a transaction was left open");
    assertThat(query("SELECT count(*) FROM t")).contains("[[3]]");
  }

  @Test
  void limitsTheRowsOfAnAnswerAndUndoesTheStatement() {
    apply(execute("CREATE TABLE t(a)"));

    String big =
        "INSERT INTO t SELECT zeroblob(2000000) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<40) SELECT i FROM n) RETURNING a";
    assertThat(apply(execute(big, "INSERT INTO t VALUES(1)")))
        .startsWith("failed(result too large")
        .endsWith("write(1,1)");
    assertThat(query("SELECT count(*) FROM t")).contains("[[1]]");
  }

  @Test
  void manySmallStatementsInOneEntry() {
    apply(execute("CREATE TABLE t(a)"));
    List<SqlStatement> many =
        java.util.stream.LongStream.range(0, 100_000)
            .mapToObj(i -> with("INSERT INTO t VALUES(?)", i))
            .toList();

    EntryOutcome outcome =
        store.apply(List.of(Entries.of(many, SqlForm.EXECUTE, false, 1, Entries.STEPS))).getFirst();

    assertThat(outcome.results()).hasSize(100_000);
    assertThat(query("SELECT sum(a) FROM t")).contains("[[4999950000]]");
  }

  @Test
  void aStatementOfTenMegabytes() {
    String value = "ä'".repeat(2_500_000);

    assertThat(
            apply(
                execute(
                    "CREATE TABLE t(a)",
                    "INSERT INTO t VALUES('" + value.replace("'", "''") + "')")))
        .isEqualTo("write(0,0) write(1,1)");
    assertThat(query("SELECT length(a) FROM t")).contains("[[5000000]]");
  }

  @Test
  void oddTextsAreFailuresOfTheirOwn() {
    assertThat(
            apply(
                execute(
                    "\0",
                    "SELECT 1\0; DROP TABLE t",
                    "'",
                    "\"",
                    "[",
                    "/*",
                    "$",
                    "?",
                    "SELECT ?999999999",
                    "SELECT ?0",
                    "SELECT #1")))
        .doesNotContain("null")
        .contains("write(0,0)")
        .satisfies(all -> assertThat(all.split("failed\\(")).hasSize(11));
    assertThat(query("\0")).startsWith("failed(unrecognized token");
    assertThat(store.readOnly(SqlStatement.of("\0"))).isFalse();
  }

  @Test
  void refusalsAreFailuresAndLeaveTheRestAlone() {
    assertThat(
            apply(
                execute(
                    "CREATE TABLE t(a)",
                    "INSERT INTO t VALUES(1); ATTACH 'x' AS y",
                    "PRAGMA recursive_triggers=1",
                    "PRAGMA cache_size=5",
                    "INSERT INTO t VALUES(2)")))
        .isEqualTo(
            "write(0,0)"
                + " failed(ATTACH and DETACH are not supported: the database is replicated as one file)"
                + " failed(PRAGMA recursive_triggers is not supported here: it would act on one node only)"
                + " write(0,0) write(1,1)");
  }

  @Test
  void textThatIsNotUtf8IsAFailure() throws java.io.IOException {
    Path file =
        java.nio.file.Files.write(
            folder.resolve("x.sql"), new byte[] {'-', '-', (byte) 0xFF, '\n'});
    SqlEntry entry =
        new SqlEntry(
            SqliteStore.statementsOf(file), false, SqlForm.TEXT, 0, 1, Entries.STEPS, true);

    assertThat(apply(entry)).isEqualTo("failed(the text is not valid UTF-8)");
  }

  @Test
  void timesEveryStatement() {
    List<String> times = new java.util.ArrayList<>();
    try (SqliteStore timed =
        new SqliteStore(
            SqliteSettings.defaults(), (write, nanos) -> times.add(write + ":" + (nanos > 0)))) {
      timed.open(folder.resolve("timed"));
      timed.apply(List.of(execute("CREATE TABLE t(a)", "bad"), execute("INSERT INTO t VALUES(1)")));
      timed.query(List.of(SqlStatement.of("SELECT 1")), false, Duration.ofSeconds(5));
    }

    assertThat(times).containsExactly("true:true", "true:true", "true:true", "false:true");
  }
}
