package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.budget;
import static io.liferaft.sqlite.Entries.execute;
import static io.liferaft.sqlite.Entries.request;
import static io.liferaft.sqlite.Entries.show;
import static io.liferaft.sqlite.Entries.transaction;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.ProgressHandler;

/** However entries are grouped, outcomes and content are those of one after the other. */
class GroupingTests {

  @TempDir Path folder;
  private final SqliteStore grouped = new SqliteStore();
  private final SqliteStore single = new SqliteStore();

  @BeforeEach
  void open() {
    grouped.open(folder.resolve("grouped"));
    single.open(folder.resolve("single"));
  }

  @AfterEach
  void close() {
    grouped.close();
    single.close();
  }

  private List<String> same(SqlEntry... entries) {
    List<EntryOutcome> one = new ArrayList<>();
    for (SqlEntry entry : entries) {
      one.addAll(single.apply(List.of(entry)));
    }
    List<EntryOutcome> all = grouped.apply(List.of(entries));

    List<String> shown = all.stream().map(o -> show(o) + (o.changed() ? "!" : "")).toList();
    assertThat(shown).isEqualTo(one.stream().map(o -> show(o) + (o.changed() ? "!" : "")).toList());
    assertThat(grouped.contentDigest()).isEqualTo(single.contentDigest());
    return shown;
  }

  @Test
  void orRollbackAndRaiseTakeNothingOfOthersWithThem() {
    same(
        execute(
            "CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE)",
            "CREATE TRIGGER g BEFORE INSERT ON t WHEN new.b='boom' BEGIN SELECT RAISE(ROLLBACK, 'boom'); END"));

    List<String> outcomes =
        same(
            execute("SELECT 1"),
            execute("INSERT INTO t VALUES(1,'a')"),
            execute(
                "INSERT INTO t VALUES(2,'b')",
                "INSERT OR ROLLBACK INTO t VALUES(3,'a')",
                "INSERT INTO t VALUES(4,'d')"),
            execute("INSERT INTO t VALUES(5,'boom')"),
            transaction("INSERT INTO t VALUES(6,'f')", "INSERT OR ROLLBACK INTO t VALUES(7,'a')"),
            execute("INSERT OR FAIL INTO t VALUES(8,'h'),(9,'a'),(10,'j')"),
            execute(
                "INSERT OR ROLLBACK INTO t VALUES(11,'a') RETURNING a",
                "INSERT OR REPLACE INTO t VALUES(12,'b') RETURNING a"),
            execute("INSERT INTO t VALUES(13,random()), (14,randomblob(3))"));

    assertThat(outcomes)
        .contains(
            "write(2,1) failed(UNIQUE constraint failed: t.b) write(4,1)!",
            "failed(boom)",
            "write(6,1) failed(UNIQUE constraint failed: t.b)");
  }

  @Test
  void deferredForeignKeysFailWhereTheyWouldAlone() {
    same(
        execute("PRAGMA foreign_keys=1"),
        execute(
            "CREATE TABLE p(a INTEGER PRIMARY KEY)",
            "CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED)"));

    List<String> outcomes =
        same(
            execute("INSERT INTO c VALUES(1)"),
            execute("INSERT INTO c VALUES(2)", "INSERT INTO p VALUES(2)"),
            transaction("INSERT INTO c VALUES(3)", "INSERT INTO p VALUES(3)"),
            transaction("INSERT INTO c VALUES(4)"),
            execute("INSERT INTO c VALUES(5); INSERT INTO p VALUES(5)"),
            execute("INSERT INTO c VALUES(5) RETURNING a"),
            execute("INSERT INTO c VALUES(6) RETURNING a"));

    assertThat(outcomes)
        .containsExactly(
            "failed(FOREIGN KEY constraint failed)",
            "failed(FOREIGN KEY constraint failed) write(2,1)!",
            "write(1,1) write(3,1)!",
            " error: FOREIGN KEY constraint failed",
            "failed(FOREIGN KEY constraint failed)",
            "failed(FOREIGN KEY constraint failed)",
            "failed(FOREIGN KEY constraint failed)");
    assertThat(grouped.status().foreignKeys()).isTrue();
  }

  @Test
  void deferForeignKeysLastsNoLongerThanItsEntry() {
    same(
        execute("PRAGMA foreign_keys=1"),
        execute("CREATE TABLE p(a INTEGER PRIMARY KEY)", "CREATE TABLE c(a REFERENCES p)"));

    List<String> outcomes =
        same(
            transaction(
                "PRAGMA defer_foreign_keys=1",
                "INSERT INTO c VALUES(1)",
                "INSERT INTO p VALUES(1)"),
            execute("PRAGMA defer_foreign_keys=1"),
            transaction("INSERT INTO c VALUES(2)", "INSERT INTO p VALUES(2)"));

    assertThat(outcomes.getFirst()).isEqualTo("write(0,0) write(1,1) write(1,1)!");
    assertThat(outcomes.getLast()).isEqualTo("failed(FOREIGN KEY constraint failed)");
  }

  @Test
  void transactionsLeftOpenReachNoOtherEntry() {
    List<String> outcomes =
        same(
            execute("CREATE TABLE t(a INTEGER PRIMARY KEY)"),
            execute("INSERT INTO t VALUES(1)", "BEGIN", "INSERT INTO t VALUES(2)"),
            execute("INSERT INTO t VALUES(3)"),
            execute("SAVEPOINT s", "INSERT INTO t VALUES(4)"),
            execute("ROLLBACK", "COMMIT", "INSERT INTO t VALUES(5)"),
            transaction("INSERT INTO t VALUES(6)", "ROLLBACK", "INSERT INTO t VALUES(7)"),
            execute("INSERT INTO t VALUES(8)"));

    assertThat(outcomes)
        .contains(
            " error: a transaction was left open and has been rolled back!",
            "failed(cannot rollback - no transaction is active)"
                + " failed(cannot commit - no transaction is active) write(5,1)!",
            " error: cannot commit - no transaction is active!");
  }

  @Test
  void aRunawayStatementEndsForItselfOnly() {
    String runaway =
        "INSERT INTO t SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i+1 FROM n LIMIT 100000) SELECT i FROM n)";
    List<String> outcomes =
        same(
            execute("CREATE TABLE t(a INTEGER PRIMARY KEY)"),
            execute("INSERT INTO t VALUES(1)"),
            budget(20_000, "INSERT INTO t VALUES(2)", runaway, "INSERT INTO t VALUES(3)"),
            budget(2_000_000_000, "INSERT INTO t VALUES(4)"),
            budget(20_000, "BEGIN; INSERT INTO t VALUES(5)", runaway, "COMMIT"),
            budget(
                20_000,
                "SELECT count(*) FROM t, t, t",
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n"),
            transaction("INSERT INTO t VALUES(6)", "INSERT INTO t VALUES(7)"));

    assertThat(outcomes.get(2)).isEqualTo("write(2,1) failed(execute timeout) write(3,1)!");
    assertThat(outcomes.get(4))
        .isEqualTo(
            "write(5,1) failed(execute timeout) failed(cannot commit - no transaction is active)!");
    assertThat(outcomes.get(5)).isEqualTo("write(5,1) failed(execute timeout)");
  }

  @Test
  void theStepsThatEndAStatementDoNotDependOnWhatRanBefore() {
    same(execute("CREATE TABLE t(a)"));
    String rows =
        "INSERT INTO t SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 200) SELECT i FROM n)";

    int allowed = 0;
    for (long steps = 500; steps < 12_000; steps += 250) {
      SqlEntry entry = budget(steps, rows);
      String alone = show(single.apply(List.of(entry)).getFirst());
      List<EntryOutcome> many = grouped.apply(List.of(entry, entry, entry));
      assertThat(many).allSatisfy(o -> assertThat(show(o)).startsWith(alone.substring(0, 5)));
      allowed += alone.startsWith("write") ? 1 : 0;
    }
    assertThat(allowed).isBetween(5, 42);
  }

  @Test
  void aStatementMayTakeItsWholeBudgetAndNoMore() throws SQLException {
    String sql =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 5000) SELECT max(i) FROM n";
    long steps = steps(sql);

    assertThat(same(budget(steps * 11 / 10, sql), budget(steps * 9 / 10, sql)))
        .containsExactly("write(0,0)", "failed(execute timeout)");
  }

  /** Steps of a statement on a connection of its own. */
  private static long steps(String sql) throws SQLException {
    AtomicLong steps = new AtomicLong();
    try (NativeConnection connection = NativeConnection.memory();
        PreparedSql statement = connection.prepare(sql)) {
      ProgressHandler.setHandler(
          connection.jdbc(),
          1,
          new ProgressHandler() {
            @Override
            protected int progress() {
              steps.incrementAndGet();
              return 0;
            }
          });
      statement.once();
    }
    return steps.get();
  }

  @Test
  void stepsOfAVirtualTableThatIsWarmDecideNothing() {
    SqlEntry before = execute("INSERT INTO f VALUES('x')", "INSERT INTO f VALUES('y')");
    same(execute("CREATE VIRTUAL TABLE f USING fts5(a)"), before);
    int allowed = 0;
    for (long steps = 10; steps < 150; steps += 3) {
      SqlEntry entry = budget(steps, "INSERT INTO f VALUES('some words go here')");
      single.checkpoint(new byte[0]);
      single.close();
      single.open(folder.resolve("single")); // cold
      String cold = show(single.apply(List.of(entry)).getFirst()).substring(0, 5);

      List<EntryOutcome> warm = grouped.apply(List.of(entry));

      assertThat(show(warm.getFirst())).as("%d steps", steps).startsWith(cold);
      allowed += cold.equals("write") ? 1 : 0;
    }
    assertThat(allowed).isBetween(5, 42);
    assertThat(grouped.contentDigest()).isEqualTo(single.contentDigest());
  }

  @Test
  void sameTextWithAnotherSchemaIsReadAnew() {
    same(
        execute("CREATE TABLE t(a)"),
        request("INSERT INTO t VALUES(1) RETURNING *", "SELECT * FROM t"));

    List<String> outcomes =
        same(
            request("SELECT * FROM t"),
            execute("ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'x'"),
            request("SELECT * FROM t"),
            execute("DROP TABLE t"),
            request("SELECT * FROM t"));

    assertThat(outcomes)
        .containsExactly(
            "rows([a][integer][[1]])",
            "write(1,1)!",
            "rows([a, b][integer, text][[1, x]])",
            "write(1,1)!",
            "failed(no such table: t)");
  }

  @Test
  void statisticsWrittenByHandCountForEveryNodeAlike() {
    same(
        execute(
            "CREATE TABLE t(a, b)",
            "CREATE INDEX ia ON t(a)",
            "CREATE INDEX ib ON t(b)",
            "ANALYZE"),
        execute("INSERT INTO t VALUES(1,1),(2,1)"));
    for (String better : List.of("ib", "ia", "ib")) {
      String worse = better.equals("ia") ? "ib" : "ia";
      List<String> outcomes =
          same(
              request("EXPLAIN QUERY PLAN SELECT * FROM t WHERE a=1 AND b=1"),
              execute(
                  "DELETE FROM sqlite_stat1",
                  "INSERT INTO sqlite_stat1 VALUES('t','" + better + "','100000 1')",
                  "INSERT INTO sqlite_stat1 VALUES('t','" + worse + "','100000 50000')"),
              request("EXPLAIN QUERY PLAN SELECT * FROM t WHERE a=1 AND b=1"));

      assertThat(outcomes.getLast()).contains("USING INDEX " + better);
    }
  }

  @Test
  void aVirtualTableThatTheClientHasUpsetIsAnOutcome() {
    same(
        execute(
            "CREATE TABLE c(id INTEGER PRIMARY KEY, a)",
            "CREATE VIRTUAL TABLE f USING fts5(a, content='c', content_rowid='id')",
            "INSERT INTO c VALUES(1, 'word')"));

    assertThat(
            same(
                execute("INSERT INTO f(f, rank) VALUES('integrity-check', 1)"),
                execute("DELETE FROM c")))
        .first()
        .asString()
        .startsWith("failed(");
  }

  @Test
  void autoincrementAtItsEndIsAnOutcome() {
    same(
        execute(
            "CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b)",
            "INSERT INTO t VALUES(9223372036854775807, 1)"));

    assertThat(same(execute("INSERT INTO t(b) VALUES(2)"), execute("INSERT INTO t VALUES(1, 3)")))
        .containsExactly("failed(database or disk is full)", "write(1,1)!");
  }
}
