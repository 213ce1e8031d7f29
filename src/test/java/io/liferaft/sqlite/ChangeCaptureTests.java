package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.budget;
import static io.liferaft.sqlite.Entries.execute;
import static io.liferaft.sqlite.Entries.show;
import static io.liferaft.sqlite.Entries.transaction;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every row that a write changes is told of, as it was and as it is, and nothing else is. */
class ChangeCaptureTests {

  /** Remembers changes as text; a bar between two commits. */
  private static final class Told implements ChangeSink {
    private final List<String> changes = new ArrayList<>();
    private int published;
    private int commits;

    @Override
    public boolean wants(String table) {
      return !table.startsWith("private");
    }

    @Override
    public long position() {
      return changes.size();
    }

    @Override
    public void add(SqlEntry entry, RowChange change) {
      changes.add(
          commits
              + ":"
              + change.kind().name().charAt(0)
              + " "
              + change.table()
              + (change.oldRowId() == 0 ? "" : " " + change.oldRowId())
              + (change.before() == null ? "" : values(change.before()))
              + " >"
              + (change.newRowId() == 0 ? "" : " " + change.newRowId())
              + (change.after() == null ? "" : values(change.after())));
    }

    private static String values(List<?> values) {
      return values.stream()
          .map(v -> v instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : "" + v)
          .collect(Collectors.joining(",", " (", ")"));
    }

    @Override
    public void back(long position) {
      assertThat(position).as("nothing published is taken back").isGreaterThanOrEqualTo(published);
      while (changes.size() > position) {
        changes.removeLast();
      }
    }

    @Override
    public void cut() {
      commits++;
    }

    @Override
    public void flush() {}

    @Override
    public void publish() {
      published = changes.size();
    }

    /** What was told since the last time; with a bar where a commit ends. */
    List<String> take() {
      List<String> taken = new ArrayList<>();
      String before = "";
      for (String change : changes) {
        String commit = change.substring(0, change.indexOf(':'));
        if (!before.isEmpty() && !commit.equals(before)) {
          taken.add("|");
        }
        before = commit;
        taken.add(change.substring(change.indexOf(':') + 1));
      }
      changes.clear();
      published = 0;
      return taken;
    }
  }

  @TempDir Path folder;
  private final SqliteStore store = new SqliteStore();
  private final SqliteStore grouped = new SqliteStore();
  private final Told told = new Told();
  private final Told toldOfGroups = new Told();

  @BeforeEach
  void open() {
    store.open(folder.resolve("single"));
    grouped.open(folder.resolve("grouped"));
    store.captureChanges(told);
    grouped.captureChanges(toldOfGroups);
  }

  @AfterEach
  void close() {
    store.close();
    grouped.close();
  }

  /** Runs them one by one and together; what both tell of. */
  private List<String> changesOf(SqlEntry... entries) {
    List<String> single =
        Arrays.stream(entries).map(entry -> show(store.apply(List.of(entry)).getFirst())).toList();
    List<String> together = grouped.apply(List.of(entries)).stream().map(Entries::show).toList();

    assertThat(together).isEqualTo(single);
    List<String> changes = told.take();
    assertThat(toldOfGroups.take()).isEqualTo(changes);
    assertThat(grouped.contentDigest()).isEqualTo(store.contentDigest());
    return changes;
  }

  @Test
  void tellsImagesOfInsertUpdateAndDelete() {
    assertThat(
            changesOf(
                execute(
                    "CREATE TABLE a(id INTEGER PRIMARY KEY, t TEXT, r REAL, b BLOB, j, g AS (id*2), h AS (t||'!') STORED)"),
                execute("INSERT INTO a(t,r,b) VALUES('x',1,x'00ff'),('y','2.5',NULL)"),
                execute("UPDATE a SET t='z', id=7 WHERE id=1"),
                execute("DELETE FROM a")))
        .containsExactly(
            "I a > 1 (1,x,1.0,00ff,null,2,x!)",
            "I a > 2 (2,y,2.5,null,null,4,y!)",
            "|",
            "U a 1 (1,x,1.0,00ff,null,2,x!) > 7 (7,z,1.0,00ff,null,14,z!)",
            "|",
            "D a 2 (2,y,2.5,null,null,4,y!) >",
            "D a 7 (7,z,1.0,00ff,null,14,z!) >");
  }

  @Test
  void tellsOfTablesWithoutRowId() {
    assertThat(
            changesOf(
                execute("CREATE TABLE w(v, k TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID"),
                execute("INSERT INTO w VALUES(1,'a'),(2,'b')"),
                execute("UPDATE w SET k='c' WHERE k='a'"),
                execute("REPLACE INTO w VALUES(3,'B')"),
                execute("DELETE FROM w")))
        .containsExactly(
            "I w > (1,a)",
            "I w > (2,b)",
            "|",
            "U w (1,a) > (1,c)",
            "|",
            "D w (2,b) >",
            "I w > (3,B)",
            "|",
            "D w (3,B) >",
            "D w (1,c) >");
  }

  @Test
  void tellsWhichRowsReplaceTakesAway() {
    assertThat(
            changesOf(
                execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b UNIQUE, c)"),
                execute("INSERT INTO t VALUES(1,'a1','b1',0),(2,'a2','b2',0),(3,'a3','b3',0)"),
                execute("INSERT OR REPLACE INTO t VALUES(9,'a1','b2',1)"),
                execute("REPLACE INTO t VALUES(3,'a3','b3',1),(3,'a3','x',2)"),
                execute("UPDATE OR REPLACE t SET id=3, b='y' WHERE id=9"),
                execute("INSERT OR IGNORE INTO t VALUES(4,'a1','b',3),(5,'a5','b5',3)"),
                execute(
                    "INSERT INTO t VALUES(5,'a','b',4) ON CONFLICT(id) DO UPDATE SET c=replace('new','n','N')")))
        .containsExactly(
            "I t > 1 (1,a1,b1,0)",
            "I t > 2 (2,a2,b2,0)",
            "I t > 3 (3,a3,b3,0)",
            "|",
            "D t 1 (1,a1,b1,0) >",
            "D t 2 (2,a2,b2,0) >",
            "I t > 9 (9,a1,b2,1)",
            "|",
            "D t 3 (3,a3,b3,0) >",
            "I t > 3 (3,a3,b3,1)",
            "D t 3 (3,a3,b3,1) >",
            "I t > 3 (3,a3,x,2)",
            "|",
            "D t 3 (3,a3,x,2) >",
            "U t 9 (9,a1,b2,1) > 3 (3,a1,y,1)",
            "|",
            "I t > 5 (5,a5,b5,3)",
            "|",
            "U t 5 (5,a5,b5,3) > 5 (5,a5,b5,New)");
  }

  @Test
  void tellsWhatConstraintsAndTriggersReplaceAndCascade() {
    assertThat(
            changesOf(
                execute("PRAGMA foreign_keys=1"),
                execute(
                    "CREATE TABLE p(id INTEGER PRIMARY KEY, u UNIQUE ON CONFLICT REPLACE)",
                    "CREATE TABLE c(p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE)",
                    "CREATE TABLE l(n)",
                    "CREATE TRIGGER after_p AFTER INSERT ON p BEGIN INSERT INTO l VALUES(new.u); END"),
                execute("INSERT INTO p VALUES(1,'u')", "INSERT INTO c VALUES(1)"),
                execute("INSERT INTO p VALUES(2,'u')"),
                execute("INSERT INTO c VALUES(2)", "UPDATE p SET id=3")))
        .containsExactly(
            "I p > 1 (1,u)",
            "I l > 1 (u)",
            "|",
            "I c > 1 (1)",
            "|",
            "D c 1 (1) >",
            "D p 1 (1,u) >",
            "I p > 2 (2,u)",
            "I l > 2 (u)",
            "|",
            "I c > 1 (2)",
            "|",
            "U c 1 (2) > 1 (3)",
            "U p 2 (2,u) > 3 (3,u)");
  }

  @Test
  void tellsNothingOfWhatIsRolledBack() {
    changesOf(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE)"));
    assertThat(
            changesOf(
                execute("INSERT INTO t VALUES(1,'a')"),
                execute("INSERT INTO t VALUES(2,'b'),(3,'a')"),
                execute("INSERT OR FAIL INTO t VALUES(4,'d'),(5,'a'),(6,'f')"),
                transaction("INSERT INTO t VALUES(7,'g')", "INSERT INTO t VALUES(8,'a')"),
                execute("INSERT INTO t VALUES(9,'i')", "INSERT OR ROLLBACK INTO t VALUES(9,'j')"),
                execute("BEGIN", "INSERT INTO t VALUES(10,'k')", "ROLLBACK"),
                execute(
                    "BEGIN",
                    "INSERT INTO t VALUES(11,'l')",
                    "SAVEPOINT s",
                    "INSERT INTO t VALUES(12,'m')",
                    "SAVEPOINT \"S 2\"",
                    "INSERT INTO t VALUES(13,'n')",
                    "ROLLBACK TRANSACTION TO SAVEPOINT S",
                    "INSERT INTO t VALUES(14,'o')",
                    "RELEASE s",
                    "COMMIT"),
                execute("SAVEPOINT x", "DELETE FROM t WHERE a=1", "ROLLBACK TO x", "RELEASE x"),
                execute("BEGIN", "DELETE FROM t")))
        .containsExactly(
            "I t > 1 (1,a)",
            "|",
            "I t > 4 (4,d)",
            "|",
            "I t > 9 (9,i)",
            "|",
            "I t > 11 (11,l)",
            "I t > 14 (14,o)");
  }

  @Test
  void aRequestIsOneCommitOrOneForEachStatement() {
    changesOf(execute("CREATE TABLE t(a)"));
    assertThat(
            changesOf(
                transaction("INSERT INTO t VALUES(1)", "INSERT INTO t VALUES(2)"),
                execute("INSERT INTO t VALUES(3)", "INSERT INTO t VALUES(4) RETURNING a"),
                execute("INSERT INTO t VALUES(5); INSERT INTO t VALUES(6)"),
                execute("BEGIN", "INSERT INTO t VALUES(7)", "INSERT INTO t VALUES(8)", "COMMIT")))
        .containsExactly(
            "I t > 1 (1)",
            "I t > 2 (2)",
            "|",
            "I t > 3 (3)",
            "|",
            "I t > 4 (4)",
            "|",
            "I t > 5 (5)",
            "|",
            "I t > 6 (6)",
            "|",
            "I t > 7 (7)",
            "I t > 8 (8)");
  }

  @Test
  void followsTheSchema() {
    assertThat(
            changesOf(
                execute(
                    "CREATE TABLE t(a, b)",
                    "INSERT INTO t VALUES(1,2)",
                    "ALTER TABLE t RENAME TO u",
                    "ALTER TABLE u ADD COLUMN c DEFAULT 3",
                    "UPDATE u SET a=9",
                    "ALTER TABLE u DROP COLUMN b",
                    "DELETE FROM u",
                    "DROP TABLE u",
                    "CREATE TABLE u(z)",
                    "INSERT INTO u VALUES(5)"),
                execute(
                    "BEGIN",
                    "CREATE TABLE v(a)",
                    "INSERT INTO v VALUES(1)",
                    "ROLLBACK",
                    "CREATE TABLE v(b)",
                    "INSERT INTO v VALUES(2)"),
                execute("CREATE TABLE private_x(a)", "INSERT INTO private_x VALUES(1)"),
                execute("VACUUM", "INSERT INTO u VALUES(6)")))
        .containsExactly(
            "I t > 1 (1,2)",
            "|",
            "U u 1 (1,2,3) > 1 (9,2,3)",
            "|",
            "D u 1 (9,3) >",
            "|",
            "I u > 1 (5)",
            "|",
            "I v > 1 (2)",
            "|",
            "I u > 2 (6)");
  }

  @Test
  void tellsOfWideTablesAndOddNames() {
    String columns =
        IntStream.range(0, 200).mapToObj(i -> "c" + i).collect(Collectors.joining(","));
    String values =
        IntStream.range(0, 200).mapToObj(Integer::toString).collect(Collectors.joining(","));
    List<String> wide =
        changesOf(
            execute("CREATE TABLE wide(" + columns + ")"),
            execute("CREATE TABLE private_wide(" + columns + ")"),
            execute("INSERT INTO private_wide VALUES(" + values + ")"),
            execute("INSERT INTO wide VALUES(" + values + ")"),
            execute("UPDATE wide SET c199='last'"));
    assertThat(wide)
        .containsExactly(
            "I wide > 1 (" + values + ")",
            "|",
            "U wide 1 (" + values + ") > 1 (" + values.replaceAll("199$", "last") + ")");

    assertThat(
            changesOf(
                execute(
                    "CREATE TABLE \"a \"\"b' c\"(rowid, _rowid_, \"o'x\" UNIQUE, oid)",
                    "INSERT INTO \"a \"\"b' c\" VALUES(1,2,3,4)",
                    "REPLACE INTO \"a \"\"b' c\" VALUES(5,6,3,7)")))
        .containsExactly(
            "I a \"b' c > (1,2,3,4)", "|", "D a \"b' c (1,2,3,4) >", "I a \"b' c > (5,6,3,7)");
  }

  /** Else nobody could say on which node a statement takes too long. */
  @Test
  void whoIsToldMakesNoDifference() {
    store.captureChanges(ChangeSink.NONE);
    store.apply(List.of(execute("CREATE TABLE t(a UNIQUE)")));
    grouped.apply(List.of(execute("CREATE TABLE t(a UNIQUE)")));
    String rows =
        "INSERT INTO t SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 100) SELECT i FROM n)";
    int allowed = 0;
    for (long steps = 500; steps < 12_000; steps += 250) {
      SqlEntry entry = budget(steps, rows, "DELETE FROM t");
      String nobody = show(store.apply(List.of(entry)).getFirst());
      String somebody = show(grouped.apply(List.of(entry)).getFirst());
      assertThat(somebody).isEqualTo(nobody);
      allowed += nobody.startsWith("write(100") ? 1 : 0;
    }
    assertThat(allowed).isBetween(5, 42);
  }

  @Test
  void answersAreAsWithoutCapture() {
    store.captureChanges(null);
    SqlEntry[] entries = {
      execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE)"),
      execute("INSERT INTO t(b) VALUES('x'),('y')", "REPLACE INTO t(b) VALUES('x')"),
      execute(
          "UPDATE t SET b=b||'1'", "DELETE FROM t", "INSERT INTO t VALUES(7,last_insert_rowid())"),
      execute("INSERT INTO t(b) VALUES(changes()), (total_changes()) RETURNING *")
    };
    for (SqlEntry entry : entries) {
      assertThat(show(grouped.apply(List.of(entry)).getFirst()))
          .isEqualTo(show(store.apply(List.of(entry)).getFirst()));
    }
    assertThat(told.changes).isEmpty();
    assertThat(grouped.contentDigest()).isEqualTo(store.contentDigest());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT _liferaft_change(0,0,0,0,0)",
        "DROP TRIGGER temp._liferaft_change_0i",
        "DROP TRIGGER \"_liferaft_change_0i\"",
      })
  void clientsCannotReachWhatCaptures(String sql) {
    changesOf(execute("CREATE TABLE t(a)"));

    assertThat(show(store.apply(List.of(execute(sql))).getFirst())).contains("are reserved");
  }
}
