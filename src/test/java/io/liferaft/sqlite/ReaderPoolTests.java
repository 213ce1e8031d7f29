package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class ReaderPoolTests {

  private static final Duration SHORT = Duration.ofMillis(50);
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir Path folder;
  private final CountDownLatch stuck = new CountDownLatch(1);
  private ReaderPool pool;

  @BeforeEach
  void open() throws SQLException {
    Path file = folder.resolve("read.sqlite");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("CREATE TABLE t(x)");
    }
    pool = new ReaderPool(1, file);
  }

  @AfterEach
  void close() throws Exception {
    stuck.countDown();
    pool.close();
  }

  @Test
  void answersWhatWasRead() throws TimeoutException {
    assertThat(read("SELECT 'x'")).isEqualTo("x");
  }

  @Test
  void tellsWhatWentWrong() {
    assertThatExceptionOfType(SqliteException.class)
        .isThrownBy(() -> read("SELECT * FROM no"))
        .withMessageContaining("no such table");
  }

  /** As a single function call inside SQLite might be. */
  @Test
  void whoeverWaitsForSomethingStuckIsLetGo() {
    long began = System.nanoTime();

    assertThatExceptionOfType(TimeoutException.class).isThrownBy(this::stick);

    assertThat(System.nanoTime() - began)
        .isBetween(SHORT.toNanos(), Duration.ofSeconds(20).toNanos());
  }

  @Test
  void whatWasOverdueBeforeAReaderCameToItIsNotBegun() throws TimeoutException {
    AtomicBoolean begun = new AtomicBoolean();
    assertThatExceptionOfType(TimeoutException.class).isThrownBy(this::stick);

    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(() ->
            pool.call(
                _ -> {
                  begun.set(true);
                  return "";
                },
                SHORT));
    stuck.countDown();

    assertThat(read("SELECT 'x'")).isEqualTo("x");
    assertThat(begun).isFalse();
  }

  private String read(String sql) throws TimeoutException {
    return pool.call(reader -> reader.connection().text(sql), LONG);
  }

  private Object stick() throws TimeoutException {
    return pool.call(
        _ -> {
          while (stuck.getCount() > 0) {
            Thread.onSpinWait();
          }
          return List.of();
        },
        SHORT);
  }
}
