package io.liferaft.sqlite;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Entries as no sane client sends them, the same for the same seed: every way in which a statement
 * can reach outside itself, fail half way or end a transaction that is not its own.
 */
public final class RandomEntries {

  private static final int MOST_STATEMENTS = 5;
  private static final int KEYS = 30;
  private static final String[] OR = {
    "", "", "", " OR ROLLBACK", " OR ABORT", " OR FAIL", " OR IGNORE", " OR REPLACE"
  };

  /** Tables are made more than once, so that a DROP does not silence the rest of a case. */
  private static final String[] SCHEMA = {
    "CREATE TABLE IF NOT EXISTS a(id INTEGER PRIMARY KEY AUTOINCREMENT, u UNIQUE, n INTEGER CHECK(n < 90),"
        + " r DEFAULT (random()), b DEFAULT (randomblob(4)), t DEFAULT CURRENT_TIMESTAMP)",
    "CREATE TABLE IF NOT EXISTS p(k INTEGER PRIMARY KEY, v NOT NULL DEFAULT (hex(randomblob(2))))",
    "CREATE TABLE IF NOT EXISTS d(x REFERENCES p(k) ON DELETE CASCADE, y)",
    "CREATE TABLE IF NOT EXISTS w(k TEXT PRIMARY KEY, v REAL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS log(what, at DEFAULT (datetime('now')), noise DEFAULT (random()))",
    "CREATE INDEX IF NOT EXISTS an ON a(n)",
    "CREATE TRIGGER IF NOT EXISTS a1 AFTER INSERT ON a BEGIN INSERT INTO log(what) VALUES('+' || new.id || new.r); END",
    "CREATE TRIGGER IF NOT EXISTS a2 BEFORE INSERT ON a WHEN new.n = 13 BEGIN SELECT RAISE(ROLLBACK, 'thirteen'); END",
    "CREATE TRIGGER IF NOT EXISTS a3 BEFORE UPDATE ON a WHEN new.n = 17 BEGIN SELECT RAISE(ABORT, 'seventeen'); END",
    "CREATE TRIGGER IF NOT EXISTS a4 BEFORE DELETE ON a WHEN old.id % 7 = 0 BEGIN SELECT RAISE(FAIL, 'seven'); END",
    "CREATE TRIGGER IF NOT EXISTS a5 AFTER INSERT ON a WHEN new.n = 19 BEGIN SELECT RAISE(IGNORE); END",
    "CREATE VIEW IF NOT EXISTS va AS SELECT id, n FROM a WHERE n > 10",
    "CREATE TRIGGER IF NOT EXISTS v1 INSTEAD OF INSERT ON va BEGIN INSERT OR REPLACE INTO a(u, n) VALUES(new.id, new.n); INSERT INTO w VALUES(new.id, new.n); END",
  };

  private static final String[] DEFERRED = {
    "CREATE TABLE IF NOT EXISTS c(x REFERENCES p(k) DEFERRABLE INITIALLY DEFERRED, y)",
    "CREATE TRIGGER IF NOT EXISTS a6 AFTER INSERT ON a WHEN new.n = 23 BEGIN INSERT INTO c VALUES(new.n * 100, 1); END",
  };

  private final Random random;
  private final boolean deferred;
  private boolean calm;

  private RandomEntries(long seed) {
    random = new Random(seed);
    deferred = random.nextInt(3) == 0;
  }

  /** The schema and {@code count} entries after it. */
  public static List<SqlEntry> of(long seed, int count) {
    RandomEntries made = new RandomEntries(seed);
    List<SqlEntry> entries = new ArrayList<>();
    if (made.deferred || made.random.nextBoolean()) {
      entries.add(made.entry(SqlForm.EXECUTE, false, List.of(plain("PRAGMA foreign_keys=1"))));
    }
    entries.add(made.entry(SqlForm.EXECUTE, false, made.schema()));
    for (int i = 0; i < count; i++) {
      entries.add(made.any());
    }
    return entries;
  }

  private List<SqlStatement> schema() {
    List<SqlStatement> statements = new ArrayList<>();
    for (String sql : SCHEMA) {
      statements.add(plain(sql));
    }
    if (deferred) {
      for (String sql : DEFERRED) {
        statements.add(plain(sql));
      }
    }
    return statements;
  }

  private SqlEntry any() {
    if (random.nextInt(25) == 0) {
      return entry(SqlForm.EXECUTE, random.nextBoolean(), schema());
    }
    SqlForm form =
        switch (random.nextInt(20)) {
          case 0 -> SqlForm.TEXT;
          case 1, 2, 3, 4, 5, 6, 7 -> SqlForm.REQUEST;
          default -> SqlForm.EXECUTE;
        };
    calm = random.nextInt(3) > 0; // or hardly two entries could share a transaction
    List<SqlStatement> statements = new ArrayList<>();
    int count = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(MOST_STATEMENTS);
    for (int i = 0; i < count; i++) {
      statements.add(form == SqlForm.TEXT ? plain(sql()) : statement());
    }
    return entry(form, form != SqlForm.TEXT && random.nextInt(4) == 0, statements);
  }

  private SqlEntry entry(SqlForm form, boolean transaction, List<SqlStatement> statements) {
    long steps =
        switch (random.nextInt(12)) {
          case 0 -> 30 + random.nextInt(600);
          case 1 -> 1_000 + random.nextInt(20_000);
          default -> 400_000;
        };
    return new SqlEntry(
        statements,
        transaction,
        form,
        Entries.CLOCK + random.nextInt(100_000_000),
        random.nextLong(),
        steps,
        true);
  }

  private SqlStatement statement() {
    return switch (random.nextInt(30)) {
      case 0, 1, 2 ->
          Entries.with("INSERT" + or() + " INTO a(u, n) VALUES(?, ?)", (long) key(), (long) key());
      case 3, 4 -> Entries.with("INSERT INTO log(what) VALUES(?)", value());
      case 5, 6 ->
          new SqlStatement(
              "UPDATE" + or() + " a SET u = :u WHERE id = :id",
              List.of(Entries.named("u", value()), Entries.named("id", (long) key())));
      case 7 -> Entries.with("INSERT INTO a(u) VALUES(?), (?)", (long) key()); // one is missing
      default -> plain(sql());
    };
  }

  private String sql() {
    int pieces = random.nextInt(8) == 0 ? 2 + random.nextInt(3) : 1;
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < pieces; i++) {
      texts.add(one());
    }
    return String.join("; ", texts) + (random.nextInt(10) == 0 ? ";" : "");
  }

  private String one() {
    if (calm) {
      return switch (random.nextInt(9)) {
        case 0, 1, 2, 3 -> insert();
        case 4 -> insert() + " RETURNING *";
        case 5, 6 -> change();
        default -> foreign();
      };
    }
    return switch (random.nextInt(17)) {
      case 0, 1, 2, 3 -> insert();
      case 4, 5 -> insert() + " RETURNING *";
      case 6, 7, 8 -> change();
      case 9, 10 -> foreign();
      case 11 -> control();
      case 12 -> pragma();
      case 13 -> schemaChange();
      case 14 -> wrong();
      case 15 -> runaway();
      default -> select();
    };
  }

  private String insert() {
    int k = key();
    return switch (random.nextInt(9)) {
      case 0, 1 -> "INSERT" + or() + " INTO a(u, n) VALUES(" + k + ", " + key() + ")";
      case 2 ->
          "INSERT"
              + or()
              + " INTO a(u, n) VALUES("
              + k
              + ", 1), ("
              + key()
              + ", 95), ("
              + key()
              + ", 2)";
      case 3 -> "INSERT" + or() + " INTO w VALUES('" + k + "', random() % 10)";
      case 4 -> "INSERT" + or() + " INTO p(k) VALUES(" + k % 12 + ")";
      case 5 -> "INSERT INTO va VALUES(" + k + ", " + key() + ")";
      case 6 -> "INSERT INTO log(what) SELECT u || random() FROM a ORDER BY random() LIMIT 3";
      case 7 ->
          "INSERT INTO p VALUES("
              + k
              + ", 'x') ON CONFLICT(k) DO UPDATE SET v = v || excluded.v || random()";
      default -> "REPLACE INTO w SELECT n, avg(id) FROM a GROUP BY n";
    };
  }

  private String change() {
    int k = key();
    return switch (random.nextInt(8)) {
      case 0 -> "UPDATE" + or() + " a SET u = u + 1 WHERE id > " + k;
      case 1 -> "UPDATE" + or() + " a SET n = " + key() + " WHERE u = " + k + " RETURNING id, n";
      case 2 -> "DELETE FROM a WHERE id = " + k;
      case 3 -> "DELETE FROM a WHERE n % 10 = " + k % 10;
      case 4 -> "UPDATE" + or() + " p SET k = k + 1 WHERE k < " + k;
      case 5 -> "DELETE FROM p WHERE k = " + k % 12;
      case 6 -> "DELETE FROM log";
      default -> "UPDATE w SET v = v + abs(random() % 5), k = k || 'x' WHERE k = '" + k + "'";
    };
  }

  private String foreign() {
    String table = deferred && random.nextBoolean() ? "c" : "d";
    int k = key() % 12; // many are missing, some come later
    return switch (random.nextInt(4)) {
      case 0 -> "INSERT INTO " + table + " VALUES(" + k + ", changes()) RETURNING x";
      case 1 -> "DELETE FROM " + table + " WHERE x = " + k;
      case 2 -> "INSERT INTO " + table + " SELECT k, 1 FROM p ORDER BY k LIMIT 2";
      default -> "INSERT INTO " + table + " VALUES(" + k + ", last_insert_rowid())";
    };
  }

  private String control() {
    return switch (random.nextInt(9)) {
      case 0, 1 -> "BEGIN";
      case 2 -> "BEGIN IMMEDIATE";
      case 3 -> "COMMIT";
      case 4 -> "ROLLBACK";
      case 5, 6 -> "SAVEPOINT s";
      case 7 -> "RELEASE s";
      default -> "ROLLBACK TO s";
    };
  }

  private String pragma() {
    return switch (random.nextInt(10)) {
      case 0, 1 -> "PRAGMA foreign_keys=" + random.nextInt(2);
      case 2, 3 -> "PRAGMA defer_foreign_keys=1";
      case 4 -> "PRAGMA user_version=" + key();
      case 5 -> "PRAGMA recursive_triggers=1";
      case 6 -> "PRAGMA cache_size=100";
      case 7 -> "PRAGMA journal_mode=DELETE";
      case 8 -> "PRAGMA foreign_key_check";
      default -> "SELECT * FROM pragma_table_info('a')";
    };
  }

  private String schemaChange() {
    int k = key() % 3;
    return switch (random.nextInt(12)) {
      case 0 -> "ALTER TABLE log ADD COLUMN x" + key() + " DEFAULT (7)";
      case 1 -> "CREATE TABLE t" + k + "(x UNIQUE ON CONFLICT ROLLBACK, y DEFAULT (random()))";
      case 2, 3 -> "INSERT INTO t" + k + "(x) VALUES(" + key() % 5 + ")";
      case 4 -> "DROP TABLE t" + k;
      case 5 -> "CREATE INDEX i" + k + " ON a(u, n) WHERE n > 5";
      case 6 -> "DROP INDEX IF EXISTS i" + k;
      case 7 -> "ANALYZE";
      case 8 -> "DROP TABLE " + (random.nextBoolean() ? "p" : "d");
      case 9 -> "ALTER TABLE t" + k + " RENAME COLUMN y TO z";
      case 10 -> "REINDEX";
      default -> random.nextInt(3) == 0 ? "VACUUM" : "DROP VIEW IF EXISTS va";
    };
  }

  private String wrong() {
    return switch (random.nextInt(8)) {
      case 0 -> "INSERT INTO nowhere VALUES(1)";
      case 1 -> "SELEKT 1";
      case 2 -> "INSERT INTO a(nix) VALUES(1)";
      case 3 -> "ATTACH 'x' AS y";
      case 4 -> "CREATE TEMP TABLE tt(x)";
      case 5 -> "INSERT INTO a(u) VALUES(abs(-9223372036854775807 - 1))";
      case 6 -> "INSERT INTO p VALUES('not a number', 1)";
      default -> "INSERT INTO log(what) VALUES(";
    };
  }

  /** With the usual budget it ends, with a small one it does not. */
  private String runaway() {
    String rows = random.nextInt(4) == 0 ? "" : " LIMIT " + (10 + random.nextInt(800));
    return "INSERT INTO log(what) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        + rows
        + ") SELECT i FROM n WHERE i % 40 = 1";
  }

  private String select() {
    return switch (random.nextInt(5)) {
      case 0 -> "SELECT count(*), max(id), total_changes(), changes() FROM a";
      case 1 -> "SELECT last_insert_rowid(), random(), datetime('now', 'subsec')";
      case 2 -> "SELECT * FROM sqlite_sequence";
      case 3 -> "EXPLAIN QUERY PLAN SELECT * FROM a WHERE u = 1 AND n = 2";
      default -> "SELECT * FROM p JOIN d ON d.x = p.k ORDER BY p.k, d.rowid";
    };
  }

  private String or() {
    return OR[random.nextInt(OR.length)];
  }

  /** Few enough to meet again. */
  private int key() {
    return random.nextInt(KEYS);
  }

  private @Nullable Object value() {
    return switch (random.nextInt(5)) {
      case 0 -> null;
      case 1 -> random.nextDouble();
      case 2 -> "text " + key();
      case 3 -> new byte[] {1, 2, (byte) key()};
      default -> (long) key();
    };
  }

  private static SqlStatement plain(String sql) {
    return SqlStatement.of(sql);
  }
}
