package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreFilesTests {

  @TempDir Path folder;
  private final SqliteStore store = new SqliteStore();

  @AfterEach
  void close() {
    store.close();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private Path main() {
    return Objects.requireNonNull(store.status().file());
  }

  private void checkpointed() {
    store.open(folder);
    store.apply(List.of(execute("CREATE TABLE t(a)", "INSERT INTO t VALUES(1)")));
    store.checkpoint(new byte[] {7});
  }

  private static void outside(Path file, String sql) throws SQLException {
    try (NativeConnection connection = NativeConnection.write(file)) {
      connection.execute(sql);
    }
  }

  @Test
  void opensAgainAsOfTheRecord() throws IOException {
    checkpointed();
    String digest = store.contentDigest();
    store.apply(List.of(execute("INSERT INTO t VALUES(2)")));
    store.close();
    assertThat(names()).contains("db-1.sqlite-wal");

    assertThat(store.open(folder)).get().isEqualTo(new byte[] {7});

    assertThat(store.contentDigest()).isEqualTo(digest);
    assertThat(store.status().walBytes()).isZero();
  }

  @Test
  void withoutARecordItStartsEmpty() {
    store.open(folder);
    store.apply(List.of(execute("CREATE TABLE t(a)")));
    store.close();

    assertThat(store.open(folder)).isEmpty();

    assertThat(store.isEmpty()).isTrue();
  }

  @Test
  void aCheckpointOfNothingStoresTheNewPayload() {
    store.open(folder);
    assertThat(store.checkpoint(new byte[] {1})).isTrue();
    assertThat(store.checkpoint(new byte[] {2})).isTrue();
    store.close();

    assertThat(store.open(folder)).get().isEqualTo(new byte[] {2});
    assertThat(store.isEmpty()).isTrue();
  }

  @Test
  void foreignKeysBelongToTheRecord() {
    store.open(folder);
    store.apply(
        List.of(
            execute(
                "PRAGMA foreign_keys=1",
                "CREATE TABLE p(a INTEGER PRIMARY KEY)",
                "CREATE TABLE c(a REFERENCES p)")));
    store.checkpoint(new byte[] {1});
    store.apply(List.of(execute("PRAGMA foreign_keys=0")));
    assertThat(store.status().foreignKeys()).isFalse();
    store.close();

    store.open(folder);

    assertThat(store.status().foreignKeys()).isTrue();
    assertThat(Entries.show(store.apply(List.of(execute("INSERT INTO c VALUES(1)"))).getFirst()))
        .isEqualTo("failed(FOREIGN KEY constraint failed)");
    assertThat(store.copy().foreignKeys()).isTrue();
  }

  @Test
  void refusesAFolderInUse() {
    store.open(folder);

    try (SqliteStore second = new SqliteStore()) {
      assertThatThrownBy(() -> second.open(folder)).isInstanceOf(SqliteException.FolderInUse.class);
    }
    store.close();
    try (SqliteStore second = new SqliteStore()) {
      assertThat(second.open(folder)).isEmpty();
    }
  }

  @Test
  void setsAFileAsideThatAnotherProgramChanged() throws Exception {
    checkpointed();
    store.close();
    outside(folder.resolve("db-1.sqlite"), "INSERT INTO t VALUES(99)");

    assertThatThrownBy(() -> store.open(folder))
        .isInstanceOf(SqliteException.InvalidDatabase.class)
        .hasMessageContaining("does not match its record")
        .hasMessageContaining("set aside");

    assertThat(names())
        .anyMatch(n -> n.matches("set-aside-.*Z-db-1\\.sqlite"))
        .anyMatch(n -> n.matches("set-aside-.*Z-snapshot\\.record"));
    assertThat(names()).doesNotContain("db-1.sqlite", "snapshot.record");
    assertThat(store.open(folder)).isEmpty();
    assertThat(store.isEmpty()).isTrue();
  }

  @Test
  void noticesATouchedOrMissingOrShortFile() throws Exception {
    for (String damage : List.of("touch", "delete", "cut")) {
      Path at = folder.resolve(damage);
      store.open(at);
      store.apply(List.of(execute("CREATE TABLE t(a)")));
      store.checkpoint(new byte[] {1});
      store.close();
      Path file = at.resolve("db-1.sqlite");
      switch (damage) {
        case "touch" ->
            Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(1));
        case "delete" -> Files.delete(file);
        default -> {
          try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(4096);
          }
        }
      }

      assertThatThrownBy(() -> store.open(at))
          .as(damage)
          .isInstanceOf(SqliteException.InvalidDatabase.class);
    }
  }

  @Test
  void refusesADamagedRecord() throws IOException {
    checkpointed();
    store.close();
    Path record = folder.resolve("snapshot.record");
    byte[] bytes = Files.readAllBytes(record);
    bytes[20] ^= 1;
    Files.write(record, bytes);

    assertThatThrownBy(() -> store.open(folder))
        .isInstanceOf(SqliteException.class)
        .hasMessageContaining("checksum");
    bytes[11] = 9;
    Files.write(record, bytes);
    assertThatThrownBy(() -> store.open(folder)).hasMessageContaining("version 9");
    assertThat(names()).contains("db-1.sqlite");
  }

  @Test
  void replacesTheDatabaseByAFileOfAnyJournalMode() throws Exception {
    for (String mode : List.of("DELETE", "WAL")) {
      Path at = folder.resolve(mode);
      store.open(at);
      store.apply(List.of(execute("CREATE TABLE t(a)", "PRAGMA foreign_keys=1")));
      store.checkpoint(new byte[] {1});
      DatabaseCopy copy = store.copy();
      Path staged = at.resolve("staged");
      outside(staged, "PRAGMA page_size=8192");
      try (NativeConnection other = NativeConnection.write(staged)) {
        other.execute("PRAGMA page_size=8192");
        other.execute("PRAGMA journal_mode=" + mode);
        other.execute("CREATE TABLE o(x)");
        other.execute("INSERT INTO o VALUES(5)");
      }
      store.query(List.of(SqlStatement.of("SELECT 1")), false, Duration.ofSeconds(5));

      store.replace(staged, new byte[] {2});

      assertThat(staged).doesNotExist();
      assertThat(at.resolve("db-1.sqlite")).doesNotExist();
      assertThatThrownBy(() -> copy.read(0, ByteBuffer.allocate(1)))
          .isInstanceOf(SqliteException.CopyRevoked.class);
      assertThat(store.status().foreignKeys()).isTrue();
      assertThat(
              Entries.show(
                  store.query(
                      List.of(SqlStatement.of("SELECT * FROM o")), false, Duration.ofSeconds(5))))
          .contains("[[5]]");
      assertThat(Entries.show(store.apply(List.of(execute("CREATE TABLE n(a)"))).getFirst()))
          .isEqualTo("write(0,0)");
      store.checkpoint(new byte[] {3});
      store.close();
      assertThat(store.open(at)).get().isEqualTo(new byte[] {3});
      assertThat(main()).hasFileName("db-2.sqlite");
      assertThat(SqliteStore.verify(main())).isFalse();
      store.close();
    }
  }

  @Test
  void replacingEndsRunningReads() throws Exception {
    checkpointed();
    Path staged = folder.resolve("staged");
    outside(staged, "CREATE TABLE t(a)");
    outside(staged, "INSERT INTO t VALUES('new')");
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> slow =
          callers.submit(() ->
              Entries.show(
                  store.query(
                      List.of(
                          SqlStatement.of(
                              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 2000000)"
                                  + " SELECT count(*), (SELECT max(a) FROM t) FROM n")),
                      false,
                      Duration.ofSeconds(60))));
      store.replace(staged, new byte[] {2});

      assertThat(slow.get()).endsWith("[[2000000, new]])");
    }
  }

  @Test
  void aCorruptFileIsThisNodesFault() throws Exception {
    store.open(folder);
    store.apply(
        List.of(
            execute(
                "CREATE TABLE t(a PRIMARY KEY, b)",
                "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 3000) SELECT hex(randomblob(20)), randomblob(200) FROM n")));
    store.checkpoint(new byte[] {1});
    store.close();
    store.open(folder);
    try (RandomAccessFile file = new RandomAccessFile(main().toFile(), "rw")) {
      file.seek(4096);
      file.write(new byte[(int) file.length() - 4096]);
    }

    assertThatThrownBy(() -> store.apply(List.of(execute("INSERT INTO t VALUES('x', 1)"))))
        .isInstanceOfSatisfying(
            SqliteException.NodeFault.class,
            fault -> {
              assertThat(fault.corrupt()).isTrue();
              assertThat(fault.clean()).isTrue();
            });
    assertThatThrownBy(() ->
            store.apply(
                List.of(execute("PRAGMA user_version=4"), execute("INSERT INTO t VALUES('x', 1)"))))
        .isInstanceOfSatisfying(
            SqliteException.NodeFault.class, fault -> assertThat(fault.clean()).isFalse());
  }
}
