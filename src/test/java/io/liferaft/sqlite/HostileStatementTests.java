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

/** Statements that once took a node down, and again at every replay. */
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
    assertThat(Arrays.stream(statements).map(this::write))
        .noneMatch(SqlResult.Failed.class::isInstance);
  }

  private SqlResult write(String sql) {
    SqlEntry entry =
        new SqlEntry(
            List.of(SqlStatement.of(sql)), false, SqlForm.EXECUTE, 0, 1, 1_000_000_000L, true);
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
