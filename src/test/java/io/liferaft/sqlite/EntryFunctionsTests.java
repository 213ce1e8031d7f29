package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EntryFunctionsTests {

  @TempDir Path folder;
  private final SqliteStore store = new SqliteStore();

  @BeforeEach
  void open() {
    store.open(folder);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private String value(String expression) {
    SqlResult result =
        store
            .apply(List.of(Entries.request("SELECT " + expression)))
            .getFirst()
            .results()
            .getFirst();
    return result instanceof SqlResult.Rows rows
        ? String.valueOf(rows.values().getFirst()[0])
        : Entries.show(result);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '^',
      value = {
        "date('now')~2023-11-14",
        "date()~2023-11-14",
        "time('NOW')~22:13:20",
        "datetime('now')~2023-11-14 22:13:20",
        "datetime()~2023-11-14 22:13:20",
        "datetime('now','subsec')~2023-11-14 22:13:20.123",
        "datetime('subsec')~2023-11-14 22:13:20.123",
        "time('subsecond')~22:13:20.123",
        "datetime('now','localtime')~2023-11-14 22:13:20",
        "datetime('now','utc')~2023-11-14 22:13:20",
        "datetime('2020-01-01 10:00:00','localtime')~2020-01-01 10:00:00",
        "date('now','start of month','+1 month','-1 day')~2023-11-30",
        "date('now','unixepoch')~null",
        "date('2020-02-30')~2020-03-01",
        "date('nonsense')~null",
        "date(null)~null",
        "date(0,'unixepoch')~1970-01-01",
        "date(x'6e6f77')~2023-11-14",
        "unixepoch()~1700000000",
        "unixepoch('now','subsec')~1.700000000123E9",
        "julianday('now') - julianday('2023-11-14 22:13:20.123')~0.0",
        "julianday() = julianday('now')~1",
        "strftime('%Y-%m-%d %H:%M:%f','now')~2023-11-14 22:13:20.123",
        "strftime('%s')~1700000000",
        "strftime()~null",
        "strftime('now','2020-01-01')~now",
        "timediff('now','2023-11-14 22:13:10')~+0000-00-00 00:00:10.123",
        "timediff('2023-11-14','now') < '+'~0",
        "CURRENT_TIMESTAMP~2023-11-14 22:13:20",
        "CURRENT_DATE~2023-11-14",
        "CURRENT_TIME~22:13:20",
        "typeof(random()) || typeof(randomblob(3)) || length(randomblob(3)) || length(randomblob(-1))~integerblob31",
        "random() = random()~0",
        "randomblob(100000000)~failed(string or blob too big)",
        "random(1)~failed(wrong number of arguments to function random())",
        "sqlite_version() > '3'~1",
        "length(sqlite_source_id()) > 10~1",
      })
  void timeIsTheEntrysTime(String expression, String expected) {
    assertThat(value(expression)).isEqualTo(expected);
  }

  @Test
  void whatDiffersBetweenNodesFailsInWrites() {
    List<SqlResult> results =
        store
            .apply(
                List.of(
                    Entries.execute(
                        "CREATE TABLE t(a DEFAULT (sqlite_version()), b)",
                        "INSERT INTO t(b) VALUES(1)",
                        "INSERT INTO t VALUES(1, sqlite_source_id())",
                        "INSERT INTO t SELECT 1, sqlite_compileoption_used('X')",
                        "INSERT INTO t VALUES(1, 2)")))
            .getFirst()
            .results();

    assertThat(Entries.show(results))
        .isEqualTo(
            "write(0,0)"
                + " failed(sqlite_version() differs between nodes and cannot be used in a write)"
                + " failed(sqlite_source_id() differs between nodes and cannot be used in a write)"
                + " failed(sqlite_compileoption_used() differs between nodes and cannot be used in a write)"
                + " write(1,1)");
  }

  @Test
  void checksAndIndexesMayUseFixedTimes() {
    assertThat(
            Entries.show(
                store
                    .apply(
                        List.of(
                            Entries.execute(
                                "CREATE TABLE t(a CHECK(date(a) IS NOT NULL), y AS (strftime('%Y', a)) STORED)",
                                "CREATE INDEX i ON t(date(a))",
                                "INSERT INTO t VALUES('2020-05-05')",
                                "INSERT INTO t VALUES('x')")))
                    .getFirst()))
        .endsWith("write(1,1) failed(CHECK constraint failed: date(a) IS NOT NULL)");
  }
}
