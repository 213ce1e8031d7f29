package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.raft.ClusterCopy;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeRaftNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VacuumingTests {

  private static final int JOURNAL_MODE_OFFSET = 18;

  @TempDir Path folder;

  private Vacuuming vacuuming() {
    return new Vacuuming(folder.resolve("tmp"));
  }

  private Path database(String name, String... sql) throws Exception {
    Path file = folder.resolve(name);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=wal");
      statement.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
      statement.execute("INSERT INTO t VALUES(1, 'one')");
      for (String more : sql) {
        statement.execute(more);
      }
    }
    return file;
  }

  private ClusterCopy copy(Path file) throws IOException {
    return copy(Files.readAllBytes(file));
  }

  private static ClusterCopy copy(byte[] bytes) {
    return new ClusterCopy(
        new DatabaseCopy() {
          @Override
          public byte[] payload() {
            return new byte[] {1};
          }

          @Override
          public long sizeBytes() {
            return bytes.length;
          }

          @Override
          public int read(long offset, ByteBuffer into) {
            int length = (int) Math.min(into.remaining(), bytes.length - offset);
            into.put(bytes, (int) offset, Math.max(0, length));
            return length <= 0 ? -1 : length;
          }

          @Override
          public void close() {}
        },
        new FakeRaftNode().state(),
        3);
  }

  private static CopyDigest digest(ClusterCopy copy) throws IOException {
    return CopyDigest.of(confirmed(copy.file()), new FakeArchive("file:/x/y"));
  }

  private static ConfirmedCopy confirmed(DatabaseCopy copy) {
    FakeRaftNode node = new FakeRaftNode().lead();
    return new ConfirmedCopy(copy, node, node.term());
  }

  private long leftovers() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("tmp"))) {
      return files.count();
    }
  }

  @Test
  void isTheSameDatabaseWithoutGapsAndNotInWalMode() throws Exception {
    Path gaps =
        database(
            "gaps.sqlite",
            "INSERT INTO t VALUES(2, randomblob(100000))",
            "DELETE FROM t WHERE id = 2");
    Path out = folder.resolve("out.sqlite");
    try (ClusterCopy small = vacuuming().of(copy(gaps))) {
      assertThat(small.term()).isEqualTo(3);
      assertThat(small.file().sizeBytes()).isLessThan(Files.size(gaps));
      try (var stream = Files.newOutputStream(out)) {
        confirmed(small.file()).writeTo(stream);
      }
    }
    byte[] bytes = Files.readAllBytes(out);
    assertThat(bytes[JOURNAL_MODE_OFFSET]).isEqualTo((byte) 1);
    assertThat(bytes[JOURNAL_MODE_OFFSET + 1]).isEqualTo((byte) 1);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + out);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT group_concat(id || x) FROM t")) {
      assertThat(rows.getString(1)).isEqualTo("1one");
    }
    assertThat(leftovers()).as("files in tmp").isZero();
  }

  @Test
  void equalContentHasAnEqualHashWhateverTheFileWentThrough() throws Exception {
    Path plain = database("plain.sqlite");
    Path gaps =
        database(
            "gaps.sqlite",
            "INSERT INTO t VALUES(2, randomblob(100000))",
            "DELETE FROM t WHERE id = 2");
    assertThat(digest(copy(plain))).isNotEqualTo(digest(copy(gaps)));

    CopyDigest first;
    try (ClusterCopy small = vacuuming().of(copy(plain))) {
      first = digest(small);
    }
    try (ClusterCopy small = vacuuming().of(copy(gaps))) {
      assertThat(digest(small)).isEqualTo(first);
    }
  }

  @Test
  void leavesNothingOfADamagedDatabaseAndRemovesWhatAKilledProcessLeft() throws Exception {
    Files.createDirectory(folder.resolve("tmp"));
    Files.writeString(folder.resolve("tmp/upload-1.raw"), "left");
    Files.writeString(folder.resolve("tmp/load-1.tmp"), "somebody else's");
    byte[] bytes = Files.readAllBytes(database("bad.sqlite", "CREATE INDEX i ON t(x)"));
    java.util.Arrays.fill(bytes, 4096, bytes.length, (byte) 7);

    assertThatThrownBy(() -> vacuuming().of(copy(bytes))).isInstanceOf(SqliteException.class);

    assertThat(folder.resolve("tmp/load-1.tmp")).exists();
    assertThat(leftovers()).isEqualTo(1);
  }
}
