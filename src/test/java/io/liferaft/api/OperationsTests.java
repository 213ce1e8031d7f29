package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.support.TestRaftNode;
import io.liferaft.support.Waiting;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /snapshot}, {@code /reap}, {@code /boot} and {@code /debug/vars}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperationsTests {

  @AutoClose private ApiServer server;
  private TestRaftNode raft;

  @BeforeAll
  void start(@TempDir Path folder) {
    server = new ApiServer(folder);
    raft = server.raft;
  }

  @BeforeEach
  void reset() {
    raft.reset();
  }

  @Test
  void takesASnapshotOfThisNode() throws IOException {
    raft.status = TestRaftNode.following();

    RawHttp.Answer answer = server.http.post("/snapshot?trailing_logs=10&redirect", "");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEmpty();
    assertThat(answer.header("X-Rqlite-Served-By")).isEmpty();
    assertThat(raft.calls).containsExactly("snapshot PT30S");
  }

  @Test
  void saysThatThereIsNothingNewForASnapshot() throws IOException {
    raft.snapshot = () -> false;

    RawHttp.Answer answer = server.http.post("/snapshot", "");

    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.text()).isEmpty();
  }

  @Test
  void saysWhyThereIsNoSnapshot() throws IOException {
    raft.snapshot =
        () -> {
          throw new SqliteException("snapshot: the disk is full", null);
        };
    RawHttp.Answer failed = server.http.post("/snapshot", "");
    assertThat(failed.status()).isEqualTo(500);
    assertThat(failed.text()).isEqualTo("snapshot: the disk is full\n");

    raft.snapshot =
        () -> {
          throw new NotReadyException("store not open", Duration.ofSeconds(1));
        };
    RawHttp.Answer early = server.http.post("/snapshot", "");
    assertThat(early.status()).isEqualTo(503);
    assertThat(early.text()).isEqualTo("store not open\n");
    assertThat(early.header("Retry-After")).containsExactly("1");
  }

  @Test
  void looksAtTheRequestForASnapshotFirst() throws IOException {
    RawHttp.Answer malformed = server.http.post("/snapshot?trailing_logs=x", "");
    assertThat(malformed.status()).isEqualTo(400);
    assertThat(malformed.text()).isEqualTo("trailing_logs is not a valid integer\n");
    assertThat(server.http.get("/snapshot").status()).isEqualTo(405);
    assertThat(server.http.post("/snapshots", "").status()).isEqualTo(404);
    assertThat(raft.calls).isEmpty();
  }

  private static final String DATABASE = "SQLite format 3\0 and what else makes it whole";

  @Test
  void bootsANodeThatIsAlone() throws IOException {
    raft.status = TestRaftNode.alone();

    RawHttp.Answer answer = server.http.post("/boot", DATABASE);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEmpty();
    assertThat(raft.calls).containsExactly("loadDatabase PT30S", "snapshot PT30S");
  }

  @Test
  void hasBootedEvenWhenTheLogIsNotCut() throws IOException {
    raft.status = TestRaftNode.alone();
    raft.snapshot =
        () -> {
          throw new SqliteException("snapshot: busy", null);
        };

    assertThat(server.http.post("/boot", DATABASE).status()).isEqualTo(200);
  }

  @Test
  void bootsNoClusterAndNoFollower() throws IOException {
    RawHttp.Answer leader = server.http.post("/boot", DATABASE);
    assertThat(leader.status()).isEqualTo(503);
    assertThat(leader.text()).isEqualTo("not single-node\n");

    raft.status = TestRaftNode.following();
    RawHttp.Answer follower = server.http.post("/boot", DATABASE);
    assertThat(follower.status()).isEqualTo(503);
    assertThat(follower.text()).isEqualTo("not leader\n");
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void bootsFromASoundDatabaseOnly() throws IOException {
    raft.status = TestRaftNode.alone();

    RawHttp.Answer text = server.http.post("/boot", "CREATE TABLE t(x); -- and so on, whole");
    assertThat(text.status()).isEqualTo(400);
    assertThat(text.text()).isEqualTo("invalid SQLite data\n");
    byte[] gzip = new byte[40];
    gzip[0] = 0x1f;
    gzip[1] = (byte) 0x8b;
    RawHttp.Answer zipped = server.http.send("POST", "/boot", "", gzip);
    assertThat(zipped.status()).isEqualTo(400);
    assertThat(zipped.text()).startsWith("invalid SQLite data: ").contains("uncompressed");
    RawHttp.Answer brief = server.http.post("/boot", "SQLite format 3\0");
    assertThat(brief.status()).isEqualTo(503);
    assertThat(brief.text()).isEqualTo("EOF\n");
    assertThat(server.http.post("/boot", DATABASE + "?").status()).isEqualTo(400);
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void countsUnderRqlitesNames() throws IOException {
    JsonNode before = vars();
    server.http.post("/snapshot", "");
    server.http.get("/db/query?q=SELECT");
    raft.sql =
        _ -> {
          throw new NotLeaderException("leader not found");
        };
    server.http.post("/db/execute", "[\"INSERT\"]");

    // What has been answered is counted a moment after its client has the answer.
    long refused = before.get("http").get("leader_not_found").longValue();
    JsonNode now =
        Waiting.await("the refusal is counted")
            .until(
                this::vars, vars -> vars.get("http").get("leader_not_found").longValue() > refused);
    assertThat(now.get("cmdline").isArray()).isTrue();
    assertThat(now.get("memstats").get("HeapAlloc").longValue()).isPositive();
    for (String name :
        List.of(
            "user_snapshots",
            "queries",
            "query_stmts_rx",
            "executions",
            "execute_stmts_rx",
            "leader_not_found")) {
      assertThat(now.get("http").get(name).longValue())
          .as(name)
          .isEqualTo(before.get("http").get(name).longValue() + 1);
    }
    assertThat(now.get("http").get("loads")).isEqualTo(before.get("http").get("loads"));
    assertThat(now.get("uploader").isEmpty()).as("no backups in this test").isTrue();
  }

  @Test
  void countsQueuedWritesUnderRqlitesNames() throws IOException {
    JsonNode before = vars().get("http");
    RawHttp.Answer answer =
        server.http.post("/db/execute?queue&wait", "[\"INSERT\",\"INSERT\",\"INSERT\"]");
    assertThat(answer.status()).isEqualTo(200);

    JsonNode now = vars().get("http");
    Map<String, Integer> more =
        Map.of(
            "queued_executions", 1,
            "queued_executions_ok", 1,
            "queued_executions_wait", 1,
            "queued_executions_num_stmts_rx", 3,
            "queued_executions_num_stmts_tx", 3,
            "queued_executions_failed", 0,
            "executions", 0);
    more.forEach((name, count) ->
        assertThat(now.get(name).longValue())
            .as(name)
            .isEqualTo(before.get(name).longValue() + count));
  }

  private JsonNode vars() throws IOException {
    RawHttp.Answer answer = server.http.get("/debug/vars");
    assertThat(answer.header("Content-Type")).containsExactly("application/json; charset=utf-8");
    assertThat(answer.text()).startsWith("{\n").contains("\n\"cmdline\": [").endsWith("}\n}\n");
    return JsonMapper.shared().readTree(answer.text());
  }

  @Test
  void answersOneOfTheVars() throws IOException {
    assertThat(server.http.get("/debug/vars?key=uploader").text())
        .isEqualTo("{\n\"uploader\": {}\n}\n");
    MeterRegistry registry = server.context.getBean(MeterRegistry.class);
    registry.counter("liferaft.raft.events", "event", "join-request").increment(7);
    registry.counter("liferaft.raft.events", "event", "join").increment(5);
    assertThat(server.http.get("/debug/vars?key=cluster").text())
        .isEqualTo("{\n\"cluster\": {\"num_join_req\":7}\n}\n");
    assertThat(vars().get("store").get("num_joins").longValue()).isEqualTo(5);
    assertThat(server.http.get("/debug/vars?key=nope").text()).isEqualTo("{\n\n}\n");
  }

  @Test
  void hasNoOldSnapshotsToReap() throws IOException {
    RawHttp.Answer answer = server.http.post("/reap", "");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).containsExactly("application/json; charset=utf-8");
    assertThat(answer.text()).isEqualTo("{\"snapshots_reaped\":0,\"wals_checkpointed\":0}\n");
    assertThat(server.http.get("/reap").status()).isEqualTo(405);
  }
}
