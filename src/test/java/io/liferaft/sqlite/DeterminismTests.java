package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static io.liferaft.sqlite.Entries.show;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeterminismTests {

  private static final int STATEMENTS = 10_000;
  private static final long SEED = 20_261_124L;

  @TempDir Path folder;

  private static final String[] SCHEMA = {
    "CREATE TABLE t(id INTEGER PRIMARY KEY, r DEFAULT (random()), b DEFAULT (randomblob(8)), ts DEFAULT CURRENT_TIMESTAMP, d DEFAULT (date('now')), n)",
    "CREATE TABLE log(at DEFAULT (julianday()), what, r, changed)",
    "CREATE TABLE u(k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE f USING fts5(body)",
    "CREATE VIRTUAL TABLE box USING rtree(id, x0, x1)",
    "CREATE TRIGGER ti AFTER INSERT ON t BEGIN INSERT INTO log(what, r, changed) VALUES('i' || new.id, random(), total_changes()); END",
    "CREATE TRIGGER td AFTER DELETE ON t BEGIN INSERT INTO log(what, r, changed) VALUES(strftime('%f', 'now'), hex(randomblob(2)), changes()); END",
    "CREATE INDEX tn ON t(n, date(ts))",
  };

  private static List<SqlEntry> entries() {
    Random random = new Random(SEED);
    List<SqlEntry> entries = new ArrayList<>();
    entries.add(execute(SCHEMA));
    for (int statements = 0; statements < STATEMENTS; ) {
      List<SqlStatement> list = new ArrayList<>();
      int count = 1 + random.nextInt(random.nextInt(20) == 0 ? 30 : 3);
      for (int i = 0; i < count; i++) {
        list.add(statement(random));
      }
      statements += count;
      entries.add(
          new SqlEntry(
              list,
              random.nextInt(4) == 0,
              random.nextBoolean() ? SqlForm.EXECUTE : SqlForm.REQUEST,
              Entries.CLOCK + random.nextInt(1 << 30),
              random.nextLong(),
              200_000,
              true));
    }
    return entries;
  }

  private static SqlStatement statement(Random random) {
    int n = random.nextInt(1000);
    return switch (random.nextInt(26)) {
      case 0, 1, 2, 3, 4 -> Entries.with("INSERT INTO t(n) VALUES(?)", (long) n);
      case 5 -> SqlStatement.of("INSERT INTO t(n) SELECT abs(random() % 50) FROM t LIMIT 5");
      case 6 -> Entries.with("UPDATE t SET r=random(), ts=CURRENT_TIMESTAMP WHERE n=?", (long) n);
      case 7 -> Entries.with("DELETE FROM t WHERE n BETWEEN ?1 AND ?1+3", (long) n);
      case 8 ->
          SqlStatement.of("INSERT INTO u VALUES(hex(randomblob(4)), unixepoch('now','subsec'))");
      case 9 ->
          SqlStatement.of(
              "INSERT OR REPLACE INTO u VALUES(" + n % 40 + ", time('now','+1 hour','localtime'))");
      case 10 -> SqlStatement.of("INSERT INTO u VALUES(" + n % 40 + ", 0)");
      case 11 -> SqlStatement.of("INSERT OR ROLLBACK INTO u VALUES(" + n % 40 + ", 1)");
      case 12 ->
          SqlStatement.of(
              "UPDATE t SET n=n+1 WHERE id IN (SELECT id FROM t ORDER BY random() LIMIT 3)");
      case 13 ->
          SqlStatement.of("INSERT INTO log(what) VALUES(last_insert_rowid() || ',' || changes())");
      case 14 ->
          Entries.with("INSERT INTO f(body) VALUES(? || ' ' || datetime('now'))", "word" + n);
      case 15 -> SqlStatement.of("DELETE FROM f WHERE f MATCH 'word" + n + "'");
      case 16 ->
          SqlStatement.of("INSERT OR REPLACE INTO box VALUES(" + n + ", random() % 100, 200)");
      case 17 -> SqlStatement.of("SELECT count(*), max(r) FROM t");
      case 18 -> SqlStatement.of("INSERT INTO t(n) VALUES(1) RETURNING id, r, b, ts, d");
      case 19 -> SqlStatement.of("INSERT INTO nope VALUES(1)");
      case 20 ->
          SqlStatement.of(
              "INSERT OR FAIL INTO u VALUES(hex(randomblob(2)),1),(" + n % 40 + ",2),(random(),3)");
      case 21 ->
          SqlStatement.of(
              "WITH w(x) AS (SELECT datetime('now', (random() % 100) || ' days')) INSERT INTO log(what) SELECT x FROM w");
      case 22 ->
          SqlStatement.of(
              n < 15
                  ? "BEGIN"
                  : n < 30
                      ? "ALTER TABLE log ADD COLUMN c" + n + " DEFAULT (random())"
                      : "SELECT 1");
      case 23 ->
          SqlStatement.of(
              n < 10 ? "VACUUM" : n < 20 ? "ANALYZE" : "DELETE FROM log WHERE rowid % 7 = 0");
      case 24 ->
          SqlStatement.of(
              "INSERT INTO t(n) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c LIMIT "
                  + (n < 100 ? 20_000 : 20)
                  + ") SELECT i FROM c");
      default -> SqlStatement.of("SELECT random(), CURRENT_TIME, date('now','weekday 1')");
    };
  }

  private String run(
      SqliteStore store, List<SqlEntry> entries, Random sizes, int most, List<String> outcomes) {
    for (int from = 0; from < entries.size(); ) {
      int to = Math.min(entries.size(), from + 1 + sizes.nextInt(most));
      for (EntryOutcome outcome : store.apply(entries.subList(from, to))) {
        outcomes.add(show(outcome) + outcome.changed());
      }
      from = to;
    }
    return store.contentDigest();
  }

  @Test
  void nodesThatGroupDifferentlyHoldTheSame() {
    List<SqlEntry> entries = entries();
    List<String> one = new ArrayList<>();
    List<String> many = new ArrayList<>();
    try (SqliteStore a = new SqliteStore();
        SqliteStore b = new SqliteStore()) {
      a.open(folder.resolve("a"));
      b.open(folder.resolve("b"));

      String digestA = run(a, entries, new Random(1), 1, one);
      String digestB = run(b, entries, new Random(2), 300, many);

      assertThat(many).as("seed %d", SEED).isEqualTo(one);
      assertThat(digestB).isEqualTo(digestA);
      assertThat(String.join(" ", one)).contains("execute timeout", "UNIQUE constraint failed");
    }
  }

  @Test
  void anotherSeedOrClockGivesOtherContent() {
    try (SqliteStore a = new SqliteStore();
        SqliteStore b = new SqliteStore()) {
      a.open(folder.resolve("a"));
      b.open(folder.resolve("b"));

      a.apply(
          List.of(
              Entries.entry(
                  SqlForm.EXECUTE,
                  false,
                  1,
                  "CREATE TABLE t(r)",
                  "INSERT INTO t VALUES(random())")));
      b.apply(
          List.of(
              Entries.entry(
                  SqlForm.EXECUTE,
                  false,
                  2,
                  "CREATE TABLE t(r)",
                  "INSERT INTO t VALUES(random())")));

      assertThat(a.contentDigest()).isNotEqualTo(b.contentDigest());
    }
  }
}
