package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static io.liferaft.sqlite.Entries.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyTests {

  private static final long BOUND = 3_000_000;

  @TempDir Path folder;
  private final SqliteStore store =
      new SqliteStore(new SqliteSettings(2, BOUND, Duration.ofMillis(200)), null);

  @BeforeEach
  void open() {
    store.open(folder.resolve("data"));
    store.apply(List.of(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void write(int rows) {
    List<SqlEntry> entries = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      entries.add(
          Entries.of(
              List.of(with("INSERT INTO t(b) VALUES(randomblob(?))", 500L)),
              SqlForm.EXECUTE,
              false,
              i,
              Entries.STEPS));
    }
    store.apply(entries);
  }

  private byte[] all(DatabaseCopy copy) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) copy.sizeBytes());
    assertThat(copy.read(0, bytes)).isEqualTo(bytes.capacity());
    assertThat(copy.read(copy.sizeBytes(), ByteBuffer.allocate(10))).isEqualTo(-1);
    return bytes.array();
  }

  private Path main() {
    return Objects.requireNonNull(store.status().file());
  }

  @Test
  void thereIsNoCopyBeforeTheFirstCheckpoint() {
    assertThatThrownBy(store::copy)
        .isInstanceOf(SqliteException.class)
        .hasMessageContaining("first checkpoint");
  }

  @Test
  void isTheDatabaseAsOfItsRecordWhileWritesGoOn() throws IOException {
    write(300);
    String digest = store.contentDigest();
    store.checkpoint(new byte[] {1, 2});

    try (DatabaseCopy copy = store.copy()) {
      byte[] half = new byte[(int) copy.sizeBytes() / 2];
      copy.read(0, ByteBuffer.wrap(half));
      write(900);
      store.apply(
          List.of(execute("DELETE FROM t WHERE a % 3 = 0", "CREATE INDEX i ON t(b)", "VACUUM")));
      assertThat(store.checkpoint(new byte[] {3})).isFalse();

      byte[] bytes = all(copy);
      assertThat(bytes).startsWith(half);
      assertThat(copy.payload()).containsExactly(1, 2);
      Path file = Files.write(folder.resolve("copy.db"), bytes);
      assertThat(SqliteStore.verify(file)).isFalse();
      try (SqliteStore other = new SqliteStore()) {
        other.open(folder.resolve("other"));
        Path staged = Files.move(file, folder.resolve("other/staged"));
        other.replace(staged, copy.payload());
        assertThat(other.contentDigest()).isEqualTo(digest);
      }
    }

    assertThat(store.checkpoint(new byte[] {3})).isTrue();
  }

  @Test
  void mainFileDoesNotChangeByAByteBetweenCheckpoints() throws IOException {
    write(500);
    store.checkpoint(new byte[] {1});
    byte[] before;
    try (DatabaseCopy copy = store.copy()) {
      before = all(copy);
    }
    long modified = MainFile.modifiedNanos(main());
    for (int i = 0; i < 8; i++) {
      write(400);
      store.apply(
          List.of(
              execute("CREATE TABLE u" + i + "(a)", "PRAGMA user_version=" + i, "ANALYZE"),
              execute("DELETE FROM t WHERE a % 2 = 0", i == 4 ? "VACUUM" : "REINDEX")));
      store.query(List.of(SqlStatement.of("SELECT count(*) FROM t")), true, Duration.ofSeconds(9));
    }

    try (DatabaseCopy copy = store.copy()) {
      assertThat(all(copy)).isEqualTo(before);
    }
    assertThat(MainFile.modifiedNanos(main())).isEqualTo(modified);
    assertThat(store.status().walBytes()).isGreaterThan(BOUND);

    String digest = store.contentDigest();
    store.checkpoint(new byte[] {2});
    assertThat(store.status().walBytes()).isZero();
    assertThat(store.contentDigest()).isEqualTo(digest);
  }

  @Test
  void isRevokedWhenTheWalHasGrownTooLong() throws IOException {
    store.checkpoint(new byte[] {1});
    try (DatabaseCopy copy = store.copy()) {
      write(200);
      assertThat(store.checkpoint(new byte[] {2})).isFalse();
      while (store.status().walBytes() <= BOUND) {
        write(500);
      }

      assertThat(store.checkpoint(new byte[] {2})).isTrue();

      assertThatThrownBy(() -> copy.read(0, ByteBuffer.allocate(100)))
          .isInstanceOf(SqliteException.CopyRevoked.class);
    }
    try (DatabaseCopy copy = store.copy()) {
      assertThat(copy.payload()).containsExactly(2);
      assertThat(all(copy)).hasSize((int) copy.sizeBytes());
    }
  }

  @Test
  void closingTwiceEndsOneLease() {
    store.checkpoint(new byte[] {1});
    DatabaseCopy first = store.copy();
    DatabaseCopy second = store.copy();
    first.close();
    first.close();
    write(10);

    assertThat(store.checkpoint(new byte[] {2})).isFalse();

    second.close();
    assertThat(store.checkpoint(new byte[] {2})).isTrue();
    assertThatThrownBy(() -> second.read(0, ByteBuffer.allocate(1)))
        .isInstanceOf(IOException.class);
  }

  @Test
  void anInterruptedReaderDoesNotHarmTheFile() throws Exception {
    write(100);
    store.checkpoint(new byte[] {1});
    Thread reader =
        Thread.ofVirtual()
            .start(() -> {
              try (DatabaseCopy copy = store.copy()) {
                Thread.currentThread().interrupt();
                copy.read(0, ByteBuffer.allocate(1000));
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    reader.join();

    try (DatabaseCopy copy = store.copy()) {
      assertThat(all(copy)).hasSize((int) copy.sizeBytes());
    }
  }

  @Test
  void aWaitingCopySeesTheNewCheckpoint() {
    store.checkpoint(new byte[] {1});
    List<Byte> seen = java.util.Collections.synchronizedList(new ArrayList<>());
    Thread reader =
        Thread.ofVirtual()
            .start(() -> {
              while (!seen.contains((byte) 9)) {
                try (DatabaseCopy copy = store.copy()) {
                  seen.add(copy.payload()[0]);
                }
              }
            });
    for (byte i = 2; i < 10; ) {
      write(5);
      if (store.checkpoint(new byte[] {i})) {
        i++;
      }
    }

    Waiting.await("the reader ends").until(() -> !reader.isAlive());
    assertThat(seen).isSorted();
  }
}
