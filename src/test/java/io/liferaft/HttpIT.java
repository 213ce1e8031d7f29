package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.RqliteClient.Answer;
import io.liferaft.support.Waiting;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One node as it is shipped, and everything a client may throw at it. */
@SuppressWarnings("NullAway.Init")
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("HttpIT")
class HttpIT {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir static Path folder;
  private static LiferaftProcess node;
  private static RqliteClient client;

  @BeforeAll
  static void start() {
    node = new LiferaftProcess("n1", folder.resolve("n1"));
    node.with("liferaft.http.max-statement-body", "20MB").withHeap("512m").start();
    client = node.client();
    Waiting.await("the node is ready: " + node.log()).until(client::ready);
    JsonNode _ = client.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @AfterEach
  void theNodeStillServes() {
    JsonNode _ = client.execute("INSERT INTO t(x) VALUES('alive')");
    assertThat(client.query("strong", "SELECT 1 FROM t LIMIT 1")).isEqualTo("[[1]]");
    assertThat(client.ready()).isTrue();
    assertThat(client.get("/actuator/health/readiness").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[\"SELEC 1\"]|200|syntax error",
        "[[\"INSERT INTO t(id, x) VALUES(?, ?)\", 1]]|200|not enough args to execute query: want 2 got 1",
        "[[\"INSERT INTO t(x) VALUES(?)\", {\"a\": {}}]]|400|unsupported type",
        "nonsense|400|invalid JSON body",
        "{}|400|invalid request",
        "[]|400|no statements",
        "[\"INSERT INTO nowhere VALUES(1)\"]|200|no such table: nowhere",
      })
  void saysWhatIsWrong(String body, int status, String message) {
    Answer answer = client.post("/db/execute", body);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.body()).contains(message);
  }

  @Test
  void takesAStatementOfTenMegabytes() {
    String text = "y".repeat(10 * 1024 * 1024);

    JsonNode answer = client.execute("INSERT INTO t(x) VALUES('" + text + "')");

    assertThat(answer.path("results").path(0).path("rows_affected").asInt()).isEqualTo(1);
    assertThat(client.query("none", "SELECT max(length(x)) FROM t"))
        .isEqualTo("[[" + text.length() + "]]");
    JsonNode _ = client.execute("DELETE FROM t WHERE length(x) > 1000");
  }

  @Test
  void takesAHundredThousandStatements() {
    StringBuilder body = new StringBuilder("[");
    for (int i = 0; i < 100_000; i++) {
      body.append(i == 0 ? "" : ",")
          .append("[\"INSERT INTO t(x) VALUES(?)\",")
          .append(i)
          .append(']');
    }
    JsonNode _ = client.execute("DELETE FROM t");

    Answer answer = client.post("/db/execute?transaction", body.append(']').toString());

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("results")).hasSize(100_000);
    assertThat(answer.body()).doesNotContain("error");
    assertThat(client.query("none", "SELECT count(*), sum(x) FROM t"))
        .isEqualTo("[[100000,4999950000]]");
  }

  @Test
  void refusesABodyOverTheLimit() {
    Answer answer =
        client.send(
            "POST",
            "/db/execute",
            "application/json",
            HttpRequest.BodyPublishers.ofByteArray(new byte[21 * 1024 * 1024]));

    // The node may close the connection before the whole body was sent.
    assertThat(answer.status()).isIn(413, 0);
  }

  @Test
  void refusesDeepJson() {
    Answer answer = client.post("/db/execute", "[".repeat(200_000));

    assertThat(answer.status()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PRAGMA journal_mode=DELETE",
        "PRAGMA journal_mode(delete)",
        "pragma  main.journal_mode = memory",
        "SELECT 1; PRAGMA journal_mode=OFF",
        "/* x */ PRAGMA /* y */ journal_mode = TRUNCATE",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA wal_checkpoint",
        "PRAGMA wal_autocheckpoint=1",
        "PRAGMA synchronous=FULL",
        "PRAGMA locking_mode=EXCLUSIVE",
        "PRAGMA page_size=512",
        "PRAGMA writable_schema=1",
        "PRAGMA query_only=1",
        "PRAGMA temp_store_directory='/tmp'",
        "PRAGMA mmap_size=1000000000",
        "ATTACH DATABASE '/tmp/other.sqlite' AS other",
        "DETACH DATABASE main",
        "VACUUM INTO '/tmp/liferaft-out.sqlite'",
        "SELECT * FROM pragma_journal_mode",
        "SELECT * FROM pragma_wal_checkpoint",
        "BEGIN EXCLUSIVE",
        "SELECT load_extension('x')",
      })
  void survivesStatementsThatWouldBreakIt(String sql) {
    String body = JSON.writeValueAsString(List.of(sql));
    for (String path : List.of("/db/execute", "/db/query", "/db/request")) {
      Answer answer = client.post(path, body);
      assertThat(answer.status()).as(path + answer.body()).isIn(200, 400);
    }
    Answer queried =
        client.get("/db/query?q=" + java.net.URLEncoder.encode(sql, StandardCharsets.UTF_8));
    assertThat(queried.status()).as(queried.body()).isIn(200, 400);

    theNodeStillServes();
    assertThat(client.query("none", "PRAGMA journal_mode")).isEqualTo("[[\"wal\"]]");
  }

  @Test
  void aLongReadDoesNotHoldUpOthers() {
    String endless =
        "[\"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c\"]";
    CompletableFuture<Answer> slow =
        CompletableFuture.supplyAsync(
            () -> client.post("/db/query?level=none&db_timeout=3s", endless));

    long begin = System.nanoTime();
    for (int i = 0; i < 10; i++) {
      JsonNode _ = client.execute("INSERT INTO t(x) VALUES(1)");
    }

    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)).isLessThan(3000);
    assertThat(slow.join().body()).contains("query timeout");
  }

  @Test
  void aRunawayWriteEnds() {
    Answer answer =
        client.post(
            "/db/execute?db_timeout=200ms",
            "[\"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) INSERT INTO t(x) SELECT n FROM c\"]");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).contains("execute timeout");
  }

  @Test
  void loadsADatabaseFileAndASqlText() throws Exception {
    Path file = folder.resolve("music.sqlite");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("CREATE TABLE artist(id INTEGER PRIMARY KEY, name NVARCHAR(120))");
      statement.executeUpdate(
          "CREATE TABLE album(id INTEGER PRIMARY KEY, title TEXT, artist INTEGER REFERENCES artist)");
      statement.executeUpdate("CREATE INDEX by_artist ON album(artist)");
      statement.executeUpdate(
          "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 20000) INSERT INTO artist SELECT n, 'Artist ' || n || hex(randomblob(50)) FROM c");
      statement.executeUpdate("INSERT INTO album SELECT id, 'Album', id % 10 + 1 FROM artist");
      statement.executeUpdate("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
    }

    Answer loaded = client.load(file);

    assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
    assertThat(client.query("strong", "SELECT count(*) FROM artist JOIN album USING (id)"))
        .isEqualTo("[[20000]]");

    Answer text =
        client.send(
            "POST",
            "/db/load",
            "text/plain",
            HttpRequest.BodyPublishers.ofString(
                "BEGIN; CREATE TABLE genre(n); INSERT INTO genre VALUES('Jazz; not Blues'); COMMIT;"));
    assertThat(text.status()).as(text.body()).isEqualTo(200);
    assertThat(client.query("strong", "SELECT n FROM genre")).isEqualTo("[[\"Jazz; not Blues\"]]");

    Path copy = folder.resolve("copy.sqlite");
    assertThat(client.download("/db/backup", copy)).isEqualTo(200);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + copy);
        Statement statement = connection.createStatement();
        var rows = statement.executeQuery("SELECT count(*) FROM genre, artist")) {
      assertThat(rows.getInt(1)).isEqualTo(20000);
    }

    byte[] bytes = Files.readAllBytes(file);
    java.util.Arrays.fill(bytes, 200, bytes.length / 2, (byte) 0x5a);
    Answer corrupt = client.load(Files.write(folder.resolve("corrupt.sqlite"), bytes));
    assertThat(corrupt.status()).as(corrupt.body()).isEqualTo(400);
    Answer cut =
        client.load(
            Files.write(
                folder.resolve("cut.sqlite"),
                java.util.Arrays.copyOf(Files.readAllBytes(file), bytes.length / 2)));
    assertThat(cut.status()).as(cut.body()).isEqualTo(400);
    assertThat(client.query("strong", "SELECT count(*) FROM artist")).isEqualTo("[[20000]]");
  }

  @Test
  void tellsItsHealthInGroups() {
    Answer readiness = client.get("/actuator/health/readiness");
    Answer liveness = client.get("/actuator/health/liveness");

    JsonNode components = readiness.json().path("components");
    if (!components.isMissingNode()) {
      assertThat(components.propertyNames())
          .containsExactlyInAnyOrder("readinessState", "raft", "restore");
      assertThat(liveness.json().path("components").propertyNames())
          .containsExactly("livenessState");
    }
    assertThat(readiness.status()).isEqualTo(200);
    assertThat(liveness.status()).isEqualTo(200);
    assertThat(client.get("/actuator/health").json().path("status").asString()).isEqualTo("UP");
  }

  @Test
  void hasItsMeters() {
    String page = client.get("/actuator/prometheus").body();

    assertThat(page)
        .contains("liferaft_raft_term")
        .contains("liferaft_raft_applied_index")
        .contains("liferaft_raft_commit_index")
        .contains("liferaft_raft_elections")
        .contains("liferaft_sqlite_size_bytes")
        .contains("liferaft_sqlite_wal")
        .contains("liferaft_backup_")
        .contains("liferaft_restore_");
  }

  /** Whatever it goes through while it starts, both say the same, and liveness is up throughout. */
  @Test
  void readyzAndTheReadinessGroupAgreeWhileANodeStartsAndFormsACluster() {
    List<LiferaftProcess> nodes = LiferaftProcess.cluster(folder.resolve("two"), 2);
    try {
      RqliteClient first = nodes.getFirst().client();
      nodes.getFirst().start();
      Waiting.await("HTTP answers before there is a cluster").until(first::live);
      Waiting.await("it says whom it waits for")
          .until(() -> first.get("/actuator/health").body().contains("waiting for n2"));
      for (int i = 0; i < 5; i++) {
        assertThat(first.get("/readyz").status()).isEqualTo(503);
        assertThat(first.get("/actuator/health/readiness").status()).isEqualTo(503);
      }
      Answer refused = first.post("/db/execute", "[\"CREATE TABLE t(x)\"]");
      assertThat(refused.status()).isEqualTo(503);
      assertThat(first.get("/status").status()).isEqualTo(200);

      nodes.getLast().start();

      Waiting.await("ready")
          .until(() -> {
            int before = first.get("/readyz").status();
            int group = first.get("/actuator/health/readiness").status();
            int after = first.get("/readyz").status();
            assertThat(first.live()).isTrue();
            // Between the two questions the state may have changed, but not twice.
            assertThat(group).isIn(before, after);
            return group == 200;
          });
      Waiting.await("the other is ready").until(nodes.getLast().client()::ready);
      routes(nodes);
    } finally {
      nodes.forEach(LiferaftProcess::close);
    }
  }

  private static void routes(List<LiferaftProcess> nodes) {
    LiferaftProcess leader = LiferaftProcess.leaders(nodes).findFirst().orElseThrow();
    LiferaftProcess follower =
        nodes.stream().filter(other -> other != leader).findFirst().orElseThrow();
    Answer redirected = follower.client().post("/db/execute?redirect", "[\"CREATE TABLE r(x)\"]");
    assertThat(redirected.status()).isEqualTo(301);
    assertThat(follower.client().post("/db/execute", "[\"CREATE TABLE r(x)\"]").status())
        .isEqualTo(200);

    Answer moved =
        follower
            .client()
            .send("POST", "/leader?wait=true", "text/plain", HttpRequest.BodyPublishers.noBody());

    assertThat(moved.status()).as(moved.body()).isEqualTo(200);
    Waiting.await("the other leads")
        .until(() -> LiferaftProcess.leaders(nodes).toList().equals(List.of(follower)));
    JsonNode _ = leader.client().execute("INSERT INTO r VALUES(1)");
  }

  @Test
  void theStartScriptSaysOneSentenceWithoutJava() throws Exception {
    Path empty = Files.createDirectories(folder.resolve("nojava"));
    Path old =
        Files.writeString(
            empty.resolve("java"), "#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n");
    assertThat(old.toFile().setExecutable(true)).isTrue();
    Path jar = Path.of(System.getProperty("liferaft.jar"));
    String script =
        Files.readString(jar.resolveSibling("bin").resolve("liferaftd"))
            .replaceAll("(/usr/lib/jvm|/opt/java|/Library/Java)", empty.toString());
    Path copy = Files.writeString(folder.resolve("liferaftd"), script);
    ProcessBuilder builder =
        new ProcessBuilder("/bin/sh", copy.toString()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("PATH", empty + ":/usr/bin:/bin");
    builder.environment().put("LIFERAFT_JAR", jar.toString());
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();

    assertThat(process.exitValue()).isNotZero();
    assertThat(said.strip().lines()).hasSize(1);
    assertThat(said).contains("Java 25 or newer not found");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "liferaft.raft.address|nonsense|127.0.0.1:4002",
        "liferaft.raft.election-timeout|1ms|1s",
        "liferaft.raft.initial-cluster|n1=|n1=host1:4002",
        "liferaft.backup.target|ftp://x/y|s3://",
      })
  void refusesASettingNamingKeyValueAndAValidOne(String key, String value, String valid)
      throws Exception {
    Map<String, String> given = Map.of(key, value);
    List<String> command =
        new java.util.ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx200m",
                "-jar",
                System.getProperty("liferaft.jar"),
                "--server.port=0",
                "--liferaft.node.data-dir=" + folder.resolve("refused")));
    given.forEach((name, text) -> command.add("--" + name + "=" + text));
    Path log = folder.resolve("refused.txt");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();

    assertThat(process.waitFor(90, TimeUnit.SECONDS)).isTrue();

    assertThat(process.exitValue()).isNotZero();
    assertThat(Files.readString(log)).contains(key).contains(value).contains(valid);
  }
}
