package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.NodeStatus.Phase;
import io.liferaft.raft.NodeStatus.Role;
import io.liferaft.raft.SqlReply;
import io.liferaft.restore.RestoreState;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqliteException.CopyRevoked;
import io.liferaft.sqlite.SqliteStore;
import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.TestRaftNode;
import io.liferaft.support.TestRaftNode.BytesCopy;
import io.liferaft.support.Waiting;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code /db/backup} and {@code /db/load}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BackupAndLoadTests {

  private static final long SEED = 7;

  @AutoClose private ApiServer server;
  private TestRaftNode raft;
  private Path folder;

  @BeforeAll
  void start(@TempDir Path dataFolder) {
    folder = dataFolder;
    server = new ApiServer(dataFolder, "--liferaft.http.max-statement-body=1KB");
    raft = server.raft;
  }

  @BeforeEach
  void reset() {
    raft.reset();
    server.switches.restore = new RestoreState.Done("disabled");
  }

  @Test
  void streamsTheCopy() throws IOException {
    byte[] database = database(3_000_000);
    raft.copy = () -> new BytesCopy(database);

    RawHttp.Answer answer = server.http.get("/db/backup");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.whole()).isTrue();
    assertThat(answer.header("Content-Type")).containsExactly("application/octet-stream");
    assertThat(answer.header("X-Rqlite-Served-By")).isEmpty();
    assertThat(answer.body().toByteArray()).isEqualTo(database);
    assertThat(raft.calls).containsExactly("copy false");
  }

  @Test
  void compresses() throws IOException {
    byte[] database = database(3_000_000);
    raft.copy = () -> new BytesCopy(database);

    RawHttp.Answer answer = server.http.get("/db/backup?compress&noleader");

    assertThat(answer.header("Content-Type")).containsExactly("application/octet-stream");
    assertThat(answer.header("Content-Encoding")).isEmpty();
    byte[] gzip = answer.body().toByteArray();
    assertThat(new GZIPInputStream(new ByteArrayInputStream(gzip)).readAllBytes())
        .isEqualTo(database);
    assertThat(raft.calls).containsExactly("copy true");
  }

  @Test
  void switchesTheJournalModeWhenAsked() throws IOException {
    byte[] database = database(8192);
    database[18] = 2;
    database[19] = 2;
    raft.copy = () -> new BytesCopy(database);

    byte[] wal = server.http.get("/db/backup?fmt=nonsense").body().toByteArray();
    byte[] delete = server.http.get("/db/backup?fmt=DELETE").body().toByteArray();

    assertThat(wal).isEqualTo(database);
    database[18] = 1;
    database[19] = 1;
    assertThat(delete).isEqualTo(database);
  }

  private byte[] realDatabase() throws IOException {
    Path file = folder.resolve("real.sqlite");
    GeneratedDatabase.write(file, 2, 200);
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    return bytes;
  }

  @Test
  void dumpsAsSql() throws IOException {
    byte[] database = realDatabase();
    raft.copy = () -> new BytesCopy(database);

    RawHttp.Answer answer = server.http.get("/db/backup?fmt=SQL");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.whole()).isTrue();
    assertThat(answer.header("Content-Type")).containsExactly("application/sql");
    assertThat(answer.header("X-Rqlite-Served-By")).isEmpty();
    String sql = answer.text();
    assertThat(sql)
        .startsWith("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t0 (")
        .endsWith("CREATE VIEW v AS SELECT name FROM t0 WHERE amount > 0;\nCOMMIT;\n");
    assertThat(sql.lines().filter(line -> line.startsWith("INSERT INTO \"t1\""))).hasSize(200);
    assertThat(raft.calls).containsExactly("copy false");
    assertNothingLeft();

    RawHttp.Answer compressed = server.http.get("/db/backup?fmt=sql&compress&noleader");
    assertThat(compressed.header("Content-Type")).containsExactly("application/sql");
    byte[] gzip = compressed.body().toByteArray();
    assertThat(new GZIPInputStream(new ByteArrayInputStream(gzip)).readAllBytes())
        .isEqualTo(sql.getBytes(StandardCharsets.UTF_8));
    assertThat(server.http.get("/db/backup?fmt=sql&tables=none,t1").text())
        .contains("CREATE TABLE t1 (", "CREATE INDEX i0 ")
        .doesNotContain("CREATE TABLE t0 (");
    assertThat(server.http.get("/db/backup?fmt=sql&tables=").text()).isEqualTo(sql);
  }

  @Test
  void vacuums() throws IOException {
    byte[] database = realDatabase();
    raft.copy = () -> new BytesCopy(database);

    RawHttp.Answer answer = server.http.get("/db/backup?vacuum&tables=t1");

    assertThat(answer.header("Content-Type")).containsExactly("application/octet-stream");
    byte[] vacuumed = answer.body().toByteArray();
    assertThat(Arrays.copyOfRange(vacuumed, 18, 20)).containsExactly(1, 1);
    Path file = Files.write(folder.resolve("vacuumed.sqlite"), vacuumed);
    assertThat(SqliteStore.verify(file)).isFalse();
    Files.delete(file);
    byte[] gzip = server.http.get("/db/backup?vacuum&compress").body().toByteArray();
    assertThat(new GZIPInputStream(new ByteArrayInputStream(gzip)).readAllBytes())
        .isEqualTo(vacuumed);
    assertNothingLeft();
  }

  @ParameterizedTest
  @ValueSource(strings = {"vacuum&fmt=sql", "vacuum&fmt=delete"})
  void refusesWhatCannotBeBoth(String parameters) throws IOException {
    RawHttp.Answer answer = server.http.get("/db/backup?" + parameters);

    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.text()).isEqualTo("invalid backup format\n");
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void dumpsTheNextCopyWhenOneIsRevokedHalfWay() throws IOException {
    byte[] database = realDatabase();
    AtomicInteger copies = new AtomicInteger();
    AtomicInteger closed = new AtomicInteger();
    raft.copy =
        () -> new FragileCopy(database, copies.getAndIncrement() < 2 ? 5_000 : 1 << 30, closed);

    assertThat(server.http.get("/db/backup?fmt=sql").text()).endsWith("COMMIT;\n");

    assertThat(copies).hasValue(3);
    assertThat(closed).hasValue(3);
    assertNothingLeft();
  }

  @Test
  void breaksOffADumpThatFails() throws IOException {
    byte[] database = realDatabase();
    Arrays.fill(database, database.length / 2, database.length, (byte) 0xAA);
    raft.copy = () -> new BytesCopy(database);

    RawHttp.Answer answer = server.http.get("/db/backup?fmt=sql");

    assertThat(answer.text()).doesNotContain("COMMIT;");
    assertThat(answer.status() == 500 || !answer.whole()).isTrue();
    assertNothingLeft();
  }

  @Test
  void takesNoMoreOfTheDiskThanThereIs() throws IOException {
    AtomicInteger closed = new AtomicInteger();
    byte[] database = database(100);
    raft.copy =
        () ->
            new FragileCopy(database, 0, closed) {
              @Override
              public long sizeBytes() {
                return 1L << 60;
              }
            };

    RawHttp.Answer answer = server.http.get("/db/backup?fmt=sql");

    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.text()).contains("the disk has no room for 1152921504606846976 bytes");
    assertThat(closed).hasValue(1);
    assertNothingLeft();
  }

  @Test
  void takesANewCopyWhenTheFirstWasRevokedBeforeAByte() throws IOException {
    byte[] database = database(100_000);
    AtomicInteger copies = new AtomicInteger();
    AtomicInteger closed = new AtomicInteger();
    raft.copy =
        () -> new FragileCopy(database, copies.getAndIncrement() == 0 ? 0 : 100_000, closed);

    RawHttp.Answer answer = server.http.get("/db/backup");

    assertThat(answer.body().toByteArray()).isEqualTo(database);
    assertThat(copies).hasValue(2);
    assertThat(closed).hasValue(2);
  }

  @Test
  void breaksTheConnectionWhenTheCopyIsRevokedLater() throws IOException {
    byte[] database = database(3_000_000);
    AtomicInteger closed = new AtomicInteger();
    raft.copy = () -> new FragileCopy(database, 2_000_000, closed);

    RawHttp.Answer plain = server.http.get("/db/backup");
    RawHttp.Answer compressed = server.http.get("/db/backup?compress");

    assertThat(plain.status()).isEqualTo(200);
    assertThat(plain.whole()).isFalse();
    byte[] got = plain.body().toByteArray();
    assertThat(got).isNotEmpty().isEqualTo(Arrays.copyOf(database, got.length));
    assertThat(compressed.whole()).isFalse();
    assertThat(closed).hasValue(2);
  }

  @Test
  void loadsADatabaseFileOfAnySize() throws IOException {
    byte[] database = database(3_000_000);
    System.arraycopy("whole".getBytes(StandardCharsets.US_ASCII), 0, database, 2_999_995, 5);
    AtomicReference<byte[]> loaded = new AtomicReference<>(new byte[0]);
    raft.load =
        file -> {
          loaded.set(bytes(file));
          return new SqlReply(List.of(), null, 17, "");
        };

    RawHttp.Answer answer = server.http.send("POST", "/db/load", "", database);

    assertThat(answer.text()).isEqualTo("{\"results\":[]}");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).containsExactly("text/plain; charset=utf-8");
    assertThat(answer.header("X-Rqlite-Served-By")).containsExactly("127.0.0.1:4001");
    assertThat(loaded.get()).isEqualTo(database);
    assertThat(raft.calls).containsExactly("loadDatabase PT32S");
    assertNothingLeft();
  }

  @Test
  void refusesAnInvalidDatabaseFile() throws IOException {
    RawHttp.Answer answer = server.http.post("/db/load", "SQLite format 3\0 and nonsense");

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).isEqualTo("not a sound SQLite database: file is not a database\n");
    assertThat(raft.calls).isEmpty();
    assertNothingLeft();
  }

  @Test
  void loadsSqlText() throws IOException {
    raft.load = file -> TestRaftNode.reply(new SqlResult.Write(2, bytes(file).length, 0));
    String text = "INSERT INTO t VALUES(1);".repeat(1000);

    RawHttp.Answer answer = server.http.post("/db/load?timeout=5s", text);

    assertThat(answer.text())
        .isEqualTo("{\"results\":[{\"last_insert_id\":2,\"rows_affected\":24000}]}");
    assertThat(answer.header("Content-Type")).containsExactly("text/plain; charset=utf-8");
    assertThat(raft.calls).containsExactly("loadText PT5S");
    assertNothingLeft();
  }

  @ParameterizedTest
  @CsvSource({"ISO-8859-1, 30", "UTF-16, 0"})
  void refusesTextThatIsNotUtf8(String charset, int offset) throws IOException {
    byte[] text = "INSERT INTO t VALUES(1,'1 2 3 \u00e9');".getBytes(Charset.forName(charset));

    RawHttp.Answer answer = server.http.send("POST", "/db/load", "", text);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text())
        .startsWith("the SQL text is not UTF-8: the byte at offset %d ".formatted(offset))
        .contains("convert it to UTF-8");
    assertThat(raft.calls).isEmpty();
    assertNothingLeft();
  }

  /** Far beyond what is read at a time, and behind characters of several bytes. */
  @Test
  void saysWhereALongTextIsNotUtf8() throws IOException {
    byte[] begin =
        "INSERT INTO t VALUES('\u20ac\ud83d\ude00');"
            .repeat(20_000)
            .getBytes(StandardCharsets.UTF_8);
    byte[] text = Arrays.copyOf(begin, begin.length + 2);
    text[begin.length] = (byte) 0xe2; // and no continuation

    assertThat(server.http.send("POST", "/db/load", "", text).text())
        .contains("the byte at offset %d ".formatted(begin.length));
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void refusesTextThatWouldBreakTheNode() throws IOException {
    assertThat(server.http.post("/db/load", "PRAGMA journal_mode=delete").text())
        .isEqualTo("{\"results\":[],\"error\":\"disallowed pragma\"}");
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void refusesTextWithATooLongStatement() throws IOException {
    RawHttp.Answer answer = server.http.post("/db/load", "-- too long");

    assertThat(answer.status()).isEqualTo(413);
    assertThat(answer.text())
        .startsWith("statement 3 of the text, at byte 70, is longer than ")
        .contains(" a thirty-second of this node's heap: give every node a larger heap (-Xmx)");
    assertThat(raft.calls).isEmpty();
    assertNothingLeft();
  }

  @Test
  void answersAnEmptyBodyAndRefusesAGzippedOne() throws IOException {
    assertThat(server.http.post("/db/load?pretty", "").text())
        .isEqualTo("{\n    \"results\": []\n}");
    RawHttp.Answer gzipped =
        server.http.send("POST", "/db/load", "", new byte[] {0x1f, (byte) 0x8b, 8, 0});
    assertThat(gzipped.status()).isEqualTo(400);
    assertThat(gzipped.text()).contains("gzip");
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void refusesToReceiveWhatItCannotLoadYet() throws IOException {
    server.switches.restore = new RestoreState.Waiting("forming");
    RawHttp.Answer restoring = server.http.post("/db/load", "SELECT 1");
    assertThat(restoring.status()).isEqualTo(503);
    assertThat(restoring.text()).isEqualTo("store not ready\n");
    assertThat(restoring.header("Retry-After")).containsExactly("2");

    server.switches.restore = new RestoreState.Done("disabled");
    raft.status = TestRaftNode.status(Phase.OPENING, Role.NONE, null);
    assertThat(server.http.post("/db/load", "SELECT 1").status()).isEqualTo(503);
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void deletesWhatAClientLeftHalfSent() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket
          .getOutputStream()
          .write(RawHttp.head("POST", "/db/load", "Content-Length: 1000000\r\n"));
      socket.getOutputStream().write(new byte[100_000]);
      Waiting.await("a temporary file").until(() -> !left().isEmpty());
    }
    Waiting.await("no temporary file is left").until(() -> left().isEmpty());
    assertThat(raft.calls).isEmpty();
  }

  private void assertNothingLeft() throws IOException {
    assertThat(folder.resolve("tmp")).isDirectory();
    assertThat(left()).isEmpty();
  }

  private List<Path> left() throws IOException {
    Path tmp = folder.resolve("tmp");
    if (!Files.exists(tmp)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(tmp)) {
      return files.toList();
    }
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] database(int size) {
    byte[] bytes = new byte[size];
    new Random(SEED).nextBytes(bytes);
    byte[] head = "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(head, 0, bytes, 0, head.length);
    return bytes;
  }

  /** Is revoked once it has been read up to an offset. */
  private static class FragileCopy extends BytesCopy {
    private final long revokedAt;
    private final AtomicInteger closed;

    FragileCopy(byte[] bytes, long revokedAt, AtomicInteger closed) {
      super(bytes);
      this.revokedAt = revokedAt;
      this.closed = closed;
    }

    @Override
    public int read(long offset, ByteBuffer into) {
      if (offset >= revokedAt && revokedAt < sizeBytes()) {
        throw new CopyRevoked("held too long");
      }
      return super.read(offset, into);
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }
}
