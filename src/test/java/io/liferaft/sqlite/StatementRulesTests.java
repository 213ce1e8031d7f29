package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatementRulesTests {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ATTACH 'x' AS y",
        "/* c */ attach database 'x' AS y",
        "DETACH y",
        "VACUUM INTO 'x'",
        "VACUUM main into 'x'",
        "CREATE TEMP TABLE t(a)",
        "CREATE TEMPORARY VIEW v AS SELECT 1",
        "CREATE TABLE temp.t(a)",
        "CREATE TABLE IF NOT EXISTS \"temp\" . t(a)",
        "CREATE VIEW temp.v AS SELECT 1",
        "CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        "INSERT INTO _liferaft_counters VALUES(1)",
        "SELECT * FROM \"_LIFERAFT_counters\"",
        "INSERT INTO t SELECT page_count FROM pragma_page_count",
        "INSERT INTO t SELECT * FROM \"pragma_database_list\"()",
        "INSERT INTO t SELECT sum(pgsize) FROM dbstat",
        "UPDATE t SET a=(SELECT 1 FROM pragma_compile_options)",
        "CREATE VIEW v AS SELECT * FROM dbstat",
        "CREATE VIRTUAL TABLE v USING dbstat",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO sqlite_stat1 VALUES(1,2,3); END",
        "CREATE INDEX i ON t(date('now'))",
        "CREATE INDEX i ON t(a) WHERE a > datetime()",
        "CREATE INDEX i ON t(strftime('%Y'))",
        "CREATE INDEX i ON t(date(a, 'localtime'))",
        "CREATE UNIQUE INDEX i ON t(a) WHERE a > CURRENT_TIMESTAMP",
        "CREATE TABLE t(a, b AS (a > date('NOW')))",
        "CREATE TABLE t(a, b GENERATED ALWAYS AS (unixepoch('subsec')))",
        "CREATE TABLE t(a CHECK(a < date( 'now' )))",
        "CREATE TABLE t(a, CONSTRAINT c CHECK (a < current_date))",
        "ALTER TABLE t ADD COLUMN b AS (julianday())",
        "PRAGMA journal_mode=DELETE",
        "PRAGMA journal_mode(delete)",
        "PRAGMA main . wal_checkpoint",
        "PRAGMA synchronous=1",
        "PRAGMA query_only=1",
        "PRAGMA recursive_triggers=1",
        "PRAGMA case_sensitive_like(1)",
        "PRAGMA writable_schema=ON",
        "PRAGMA locking_mode=EXCLUSIVE",
        "PRAGMA hard_heap_limit=1",
        "PRAGMA schema_version=7",
        "PRAGMA encoding='UTF-16'",
        "PRAGMA /* x */ main -- y\n . /**/ ignore_check_constraints = 1",
        "EXPLAIN PRAGMA foreign_keys=1",
        "SELECT 1; PRAGMA trusted_schema=0",
        "SELECT 1\0; DROP TABLE t",
      })
  void refusesWhatWouldPartTheNodes(String sql) {
    String refusal = SqlText.parse(sql).refusal();

    assertThat(refusal).isNotNull().hasSizeGreaterThan(20);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE TABLE temperature(a)",
        "CREATE TABLE t(temp)",
        "SELECT temp.a FROM t AS temp",
        "CREATE TABLE t AS SELECT temp.a FROM u AS temp",
        "CREATE INDEX i ON t(date(a))",
        "CREATE INDEX i ON t(strftime('%Y', a))",
        "CREATE TABLE t(a DEFAULT CURRENT_TIMESTAMP, b DEFAULT (date('now')))",
        "CREATE TABLE t(a CHECK(a < 5), b DEFAULT (date('now')))",
        "CREATE TABLE t AS WITH c AS (SELECT date('now') d) SELECT * FROM c",
        "CREATE VIEW v AS SELECT date('now')",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a=datetime('now'); END",
        "INSERT INTO t VALUES('pragma_page_count')",
        "INSERT INTO t SELECT name FROM pragma_table_info('t')",
        "SELECT * FROM dbstat",
        "SELECT * FROM pragma_database_list",
        "EXPLAIN INSERT INTO t SELECT * FROM dbstat",
        "VACUUM",
        "ANALYZE",
        "PRAGMA foreign_keys=ON",
        "PRAGMA user_version=5",
        "PRAGMA cache_size=-2000",
        "PRAGMA optimize",
        "PRAGMA table_info(t)",
        "PRAGMA table_info = t",
        "PRAGMA integrity_check",
      })
  void lets(String sql) {
    assertThat(SqlText.parse(sql).refusal()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE TABLE t(a)",
        "DROP TABLE t",
        "BEGIN",
        "SELECT 1; COMMIT",
        "SAVEPOINT x",
        "PRAGMA user_version=5",
        "PRAGMA user_version",
        "VACUUM",
        "ANALYZE",
        "REINDEX",
        "INSERT INTO sqlite_stat1 VALUES(1,2,3)",
        "bad",
      })
  void runsAlone(String sql) {
    assertThat(SqlText.parse(sql).groupable()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1",
        "VALUES(1)",
        " /* x */ insert into t values(1); -- y",
        "REPLACE INTO t VALUES(1)",
        "WITH w AS (SELECT 1) DELETE FROM t",
        "EXPLAIN CREATE TABLE t(a)",
        "",
      })
  void canBeGrouped(String sql) {
    assertThat(SqlText.parse(sql).groupable()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PRAGMA journal_mode=DELETE",
        "pragma JOURNAL_MODE = delete",
        "PRAGMA main.journal_mode=DELETE",
        "PRAGMA journal_mode(delete)",
        "PRAGMA \"journal_mode\"(delete)",
        "PRAGMA/**/main/**/./**/journal_mode/**/=/**/delete",
        "SELECT 1; PRAGMA synchronous=0",
        "-- c\n PRAGMA wal_autocheckpoint=5",
        "\uFEFF;;PRAGMA query_only(0)",
        "PRAGMA wal_checkpoint",
        "PRAGMA main.wal_checkpoint(TRUNCATE)",
        "EXPLAIN PRAGMA journal_mode=delete",
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END; PRAGMA synchronous=1",
      })
  void knowsDisallowedPragmas(String sql) {
    assertThat(SqliteStore.disallowedPragma(sql)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PRAGMA journal_mode",
        "PRAGMA synchronous",
        "SELECT 'PRAGMA journal_mode=DELETE'",
        "SELECT 1 -- ; PRAGMA synchronous=1",
        "INSERT INTO pragma VALUES('PRAGMA wal_checkpoint')",
        "PRAGMA foreign_keys=1",
        "PRAGMA",
        "PRAGMA '",
        "",
      })
  void letsOtherTextsPass(String sql) {
    assertThat(SqliteStore.disallowedPragma(sql)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "BEGIN",
        "commit",
        "INSERT INTO t VALUES(1); END",
        "/* x */ rollback",
        "savepoint a",
        "RELEASE a",
      })
  void tellsWhoHandlesTransactions(String sql) {
    assertThat(SqliteStore.controlsTransaction(sql)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO t VALUES('begin')",
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; END",
        "UPDATE t SET ended = 1",
        "EXPLAIN BEGIN",
        "SELECT 1",
        "",
      })
  void tellsWhoLeavesTransactionsAlone(String sql) {
    assertThat(SqliteStore.controlsTransaction(sql)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO t VALUES(1)",
        "insert into t values(1); UPDATE t SET x = 2; -- both",
        "WITH s AS (SELECT 1) DELETE FROM t WHERE x IN s",
        "REPLACE INTO t VALUES('SELECT')",
      })
  void tellsWhatAnswersWithoutRows(String sql) {
    assertThat(SqliteStore.answersWithoutRows(sql)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1",
        "INSERT INTO t VALUES(1); SELECT * FROM t",
        "INSERT INTO t VALUES(1) Returning *",
        "EXPLAIN INSERT INTO t VALUES(1)",
        "PRAGMA user_version",
        "CREATE TABLE t(x)",
        "VALUES(1)",
      })
  void tellsWhatMayAnswerWithRows(String sql) {
    assertThat(SqliteStore.answersWithoutRows(sql)).isFalse();
  }
}
