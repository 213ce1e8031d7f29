package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Statements that once took a node down, and again at every replay. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("HostileStatementTests")
class HostileStatementTests {

  private static final String ENDLESS_PATTERN =
      "SELECT replace(hex(zeroblob(12500)),'00','aa') LIKE replace(hex(zeroblob(12499)),'00','%a')";

  @TempDir Path folder;
  private final SqliteStore store = new SqliteStore();

  @BeforeEach
  void open() {
    assertThat(store.open(folder)).isEmpty();
    assertThat(write("CREATE TABLE t(b)")).isInstanceOf(SqlResult.Write.class);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void aPatternThatRecursesTooDeepIsAnError() {
    assertThat(failure(write("INSERT INTO t " + ENDLESS_PATTERN))).contains("too complex");
    assertThat(failure(read(ENDLESS_PATTERN))).contains("too complex");
  }

  /** The driver makes several copies of SQLite's text: 60 million characters end a small heap. */
  @Test
  void anErrorsTextIsCut() {
    String path = "SELECT json_extract('{}', hex(zeroblob(30000000)))";
    String bound = "INSERT INTO t VALUES(json_extract('{}', hex(zeroblob(?))))";
    String token = "y".repeat(20_000);
    String hugeToken = "y".repeat(3_000_000);

    for (SqlResult failed :
        List.of(
            write(path),
            read(path),
            write(bound, 30_000_000L),
            write("SELECT 1 " + token + " " + token),
            read("SELECT 1 " + token + " " + token))) {
      assertThat(failure(failed))
          .hasSizeLessThanOrEqualTo(10_000)
          .contains(" ... (cut here) ... ")
          .containsAnyOf("bad JSON path: '0000", "near \"yyyy");
    }
    assertThat(failure(write(path))).endsWith("000'");
    assertThat(failure(write("SELECT 1 " + token + " " + token))).endsWith("yyy\": syntax error");
    assertThat(failure(write("SELECT 1 " + hugeToken + " " + hugeToken)))
        .isEqualTo(SqliteErrors.TOO_LONG_TO_SHOW);
    assertThat(failure(read("SELECT '" + hugeToken))).isEqualTo(SqliteErrors.TOO_LONG_TO_SHOW);
    assertThat(SqliteStore.syntaxError("SELECT 1 " + hugeToken + " " + hugeToken))
        .isEqualTo(SqliteErrors.TOO_LONG_TO_SHOW);
  }

  /** What is tried out first under a lower limit must not feel it afterwards. */
  @Test
  void aLongStatementMeansWhatItSays() {
    String word = "y".repeat(3_000_000);
    run(
        "CREATE TABLE wide(a, b DEFAULT '" + word + "')",
        "INSERT INTO wide(a) VALUES('" + word + "')",
        "INSERT INTO t SELECT a FROM wide WHERE b = '" + word + "' AND a = b",
        "ALTER TABLE t ADD COLUMN c DEFAULT '" + word + "'");

    assertThat(read("SELECT length(b), length(c), typeof(b) FROM t"))
        .isInstanceOfSatisfying(
            SqlResult.Rows.class,
            rows ->
                assertThat(rows.values())
                    .containsExactly(new Object[] {3_000_000L, 3_000_000L, "text"}));
    assertThat(failure(write("INSERT INTO nowhere VALUES('" + word + "')")))
        .isEqualTo("no such table: nowhere");
  }

  @Test
  void aRowIsNotFetchedBeyondItsLimit() {
    String columns = String.join(",", Collections.nCopies(40, "hex(zeroblob(10000000))"));

    assertThat(failure(read("SELECT " + columns))).contains("result too large");
    assertThat(failure(write("INSERT INTO t VALUES(1) RETURNING " + columns)))
        .containsAnyOf("result too large", "too big");
  }

  @Test
  void autoincrementAtItsEndIsAnErrorAlsoWithoutItsSequence() {
    run(
        "CREATE TABLE s(id INTEGER PRIMARY KEY AUTOINCREMENT, v)",
        "INSERT INTO s VALUES(9223372036854775807,'m')",
        "DELETE FROM sqlite_sequence");

    assertThat(failure(write("INSERT INTO s(v) VALUES('x')"))).contains("full");
  }

  @Test
  void aCopyThatLostTheNanosecondsOfItsTimeIsTheSameFile() throws Exception {
    assertThat(store.checkpoint(new byte[] {1})).isTrue();
    Path file = java.util.Objects.requireNonNull(store.status().file());
    store.close();
    long seconds = Files.getLastModifiedTime(file).to(TimeUnit.SECONDS);
    Path _ = Files.setLastModifiedTime(file, FileTime.from(seconds, TimeUnit.SECONDS));

    assertThat(store.open(folder)).contains(new byte[] {1});
  }

  private void run(String... statements) {
    assertThat(Arrays.stream(statements).map(sql -> write(sql)))
        .noneMatch(SqlResult.Failed.class::isInstance);
  }

  private SqlResult write(String sql, Object... values) {
    List<SqlParameter> parameters =
        Arrays.stream(values).map(value -> new SqlParameter(null, value)).toList();
    SqlEntry entry =
        new SqlEntry(
            List.of(new SqlStatement(sql, parameters)),
            false,
            SqlForm.EXECUTE,
            0,
            1,
            1_000_000_000L,
            true);
    return store.apply(List.of(entry)).getFirst().results().getFirst();
  }

  private SqlResult read(String sql) {
    return store.query(List.of(SqlStatement.of(sql)), false, Duration.ofSeconds(30)).getFirst();
  }

  private static String failure(SqlResult result) {
    assertThat(result).isInstanceOf(SqlResult.Failed.class);
    return ((SqlResult.Failed) result).message();
  }
}
