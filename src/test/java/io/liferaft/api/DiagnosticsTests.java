package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.backup.BackupStatus;
import io.liferaft.raft.NodeProbe;
import io.liferaft.raft.NodeStatus.Phase;
import io.liferaft.raft.NodeStatus.Role;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.restore.RestoreState;
import io.liferaft.support.TestRaftNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /status}, {@code /nodes}, {@code /leader} and {@code /readyz}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DiagnosticsTests {

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
    server.switches.restoreDown = false;
    server.switches.restore = new RestoreState.Done("disabled");
  }

  @Test
  void reportsWhatHarnessesRead() throws IOException {
    JsonNode status = json("/status?pretty");

    JsonNode store = status.get("store");
    assertThat(store.get("open")).isEqualTo(JsonMapper.shared().createObjectNode());
    assertThat(store.get("ready").asBoolean()).isTrue();
    assertThat(store.get("leader").toString())
        .isEqualTo("{\"addr\":\"127.0.0.1:4002\",\"node_id\":\"n1\"}");
    assertThat(store.get("nodes").get(1).toString())
        .isEqualTo("{\"addr\":\"127.0.0.1:4012\",\"id\":\"n2\",\"suffrage\":\"voter\"}");
    assertThat(store.get("fsm_index").longValue()).isEqualTo(42);
    JsonNode ours = store.get("raft");
    assertThat(ours.get("state").stringValue()).isEqualTo("Leader");
    assertThat(ours.get("voter").asBoolean()).isTrue();
    assertThat(ours.get("commit_index")).isEqualTo(ours.get("applied_index"));
    assertThat(ours.get("last_snapshot_index").longValue()).isZero();
    assertThat(ours.get("num_peers").longValue()).isEqualTo(1);
    assertThat(status.get("build").get("version").stringValue()).startsWith("v10.2.7");
    assertThat(status.get("http").get("bind_addr").stringValue())
        .isEqualTo("127.0.0.1:" + server.port());
    assertThat(status.path("http").path("cluster").toString())
        .isEqualTo("{\"local_node_addr\":\"127.0.0.1:4002\",\"timeout\":\"30s\"}");
    assertThat(status.path("cluster").toString())
        .isEqualTo(
            "{\"addr\":\"127.0.0.1:4002\",\"api_addr\":\"127.0.0.1:4001\",\"https\":\"false\"}");
    assertThat(status.has("auto_backups")).isFalse();
  }

  @Test
  void tellsOfBackupsInExactlyRqlitesWords() throws IOException {
    BackupStatus before = server.switches.backup;
    server.switches.backup =
        new BackupStatus(
            "file:/backups/db.gz",
            Duration.ofSeconds(10),
            BackupStatus.State.FAILING,
            Instant.parse("2026-11-24T06:15:00Z"),
            Duration.ofMillis(14),
            7,
            null,
            "no room");
    try {
      assertThat(server.http.get("/status?key=auto_backups").text())
          .isEqualTo(
              "{\"last_index\":\"8\",\"last_upload_duration\":\"14ms\","
                  + "\"last_upload_time\":\"2026-11-24T06:15:00Z\","
                  + "\"upload_destination\":\"dir:/backups, file:db.gz\",\"upload_interval\":\"10s\"}");
      assertThat(server.http.get("/status?key=liferaft.backup").text())
          .isEqualTo("{\"problem\":\"no room\",\"state\":\"failing\"}");
    } finally {
      server.switches.backup = before;
    }
  }

  @Test
  void answersStatusWhileOpening() throws IOException {
    raft.status = TestRaftNode.status(Phase.OPENING, Role.NONE, null);

    assertThat(server.http.get("/status?key=store").text()).isEqualTo("{\"open\":false}");
    assertThat(server.http.get("/nodes").text()).isEqualTo("store nodes: store not open\n");
    assertThat(server.http.get("/nodes").status()).isEqualTo(503);
  }

  @Test
  void answersOneKey() throws IOException {
    assertThat(server.http.get("/status?key=store.raft.term&pretty").text()).isEqualTo("3");
    assertThat(server.http.get("/status?key=store.node_id.more").text()).isEqualTo("\"n1\"");
    assertThat(server.http.get("/status?key=store.nope.more").text()).isEqualTo("{}");
    assertThat(server.http.get("/status?key=store.leader&pretty").text())
        .isEqualTo("{\"addr\":\"127.0.0.1:4002\",\"node_id\":\"n1\"}");
    assertThat(StatusController.subTree(Map.of("a", Long.MAX_VALUE), "a"))
        .isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void listsNodes() throws IOException {
    raft.probes =
        List.of(
            TestRaftNode.silent(TestRaftNode.OTHER, "connection refused"),
            TestRaftNode.answering(TestRaftNode.SELF, true, Duration.ofNanos(203_309)));
    String first =
        "{\"id\":\"n1\",\"api_addr\":\"http://127.0.0.1:4001\",\"addr\":\"127.0.0.1:4002\","
            + "\"version\":\"v10.2.7-liferaft-1.0\",\"voter\":true,\"reachable\":true,\"leader\":true,"
            + "\"time\":0.000203309,\"time_s\":\"203.309µs\"}";
    String second =
        "{\"id\":\"n2\",\"addr\":\"127.0.0.1:4012\",\"version\":\"\",\"voter\":true,"
            + "\"reachable\":false,\"leader\":false,\"error\":\"connection refused\"}";

    assertThat(server.http.get("/nodes?timeout=2s").text())
        .isEqualTo("{\"n1\":" + first + ",\"n2\":" + second + "}");
    assertThat(server.http.get("/nodes?ver=2&nonvoters").text())
        .isEqualTo("{\"nodes\":[" + first + "," + second + "]}");
    assertThat(server.http.get("/leader").text()).isEqualTo(first);
    assertThat(raft.calls).containsExactly("nodes false PT2S", "nodes true PT30S");
  }

  @Test
  void saysWhoDoesNotVote() throws IOException {
    raft.probes =
        List.of(
            new NodeProbe(
                "r1",
                "127.0.0.1:4022",
                "http://127.0.0.1:4021",
                "1.0",
                false,
                false,
                true,
                "c",
                9,
                null,
                Duration.ofNanos(203_309)));

    assertThat(server.http.get("/nodes?nonvoters").text())
        .isEqualTo(
            "{\"r1\":{\"id\":\"r1\",\"api_addr\":\"http://127.0.0.1:4021\",\"addr\":\"127.0.0.1:4022\","
                + "\"version\":\"v10.2.7-liferaft-1.0\",\"voter\":false,\"reachable\":true,\"leader\":false,"
                + "\"time\":0.000203309,\"time_s\":\"203.309µs\"}}");
  }

  @Test
  void knowsNoLeader() throws IOException {
    raft.status = TestRaftNode.status(Phase.RUNNING, Role.CANDIDATE, null);

    RawHttp.Answer answer = server.http.get("/leader");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text()).isEqualTo("leader not found\n");
    assertThat(server.http.get("/status?key=store.leader").text())
        .isEqualTo("{\"addr\":\"\",\"node_id\":\"\"}");
  }

  /** Who waits for a leader in here asks once whether the node is ready. */
  @Test
  void namesNoLeaderWhileTheClusterForms() throws IOException {
    String none = "{\"addr\":\"\",\"node_id\":\"\"}";
    server.switches.restore = new RestoreState.Waiting("a majority has not joined yet");
    assertThat(server.http.get("/status?key=store.leader").text()).isEqualTo(none);
    server.switches.restore = new RestoreState.Following("n1");
    assertThat(server.http.get("/status?key=store.leader").text()).isEqualTo(none);

    server.switches.restore = new RestoreState.Looking("s3://bucket/key");
    assertThat(server.http.get("/status?key=store.leader").text()).contains("\"n1\"");
    server.switches.restore = new RestoreState.Done("disabled");
    assertThat(server.http.get("/status?key=store.leader").text()).contains("\"n1\"");
    raft.status = TestRaftNode.status(Phase.CATCHING_UP, Role.FOLLOWER, TestRaftNode.OTHER);
    assertThat(server.http.get("/status?key=store.leader").text()).isEqualTo(none);
  }

  @Test
  void handsLeadershipOn() throws IOException {
    RawHttp.Answer answer = transfer("/leader?wait", "application/json", "{\"id\":\"n2\"}");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEmpty();
    assertThat(answer.header("X-Rqlite-Served-By")).containsExactly("127.0.0.1:4001");

    transfer("/leader", "application/json", "{}");
    transfer("/leader", "application/json", "");
    transfer("/leader", "", "");
    transfer("/leader", "text/plain", "nonsense");
    assertThat(raft.calls)
        .containsExactly(
            "transfer n2", "transfer null", "transfer null", "transfer null", "transfer null");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/x-www-form-urlencoded"
      })
  void handsLeadershipToWhomTheBodyNames(String contentType) throws IOException {
    assertThat(transfer("/leader", contentType, " {\"id\":\"n2\"}\n").status()).isEqualTo(200);
    assertThat(transfer("/leader", contentType, "{\"id\":").status()).isEqualTo(400);

    assertThat(raft.calls).containsExactly("transfer n2");
  }

  @Test
  void saysWhyLeadershipStays() throws IOException {
    raft.transfer = _ -> new RequestRefusedException("node not found in cluster");
    RawHttp.Answer unknown = transfer("/leader?wait", "application/json", "{\"id\":\"n9\"}");
    assertThat(unknown.status()).isEqualTo(500);
    assertThat(unknown.text()).isEqualTo("stepdown: node not found in cluster\n");

    raft.transfer = _ -> new RequestRefusedException("stepdown: cannot find peer");
    RawHttp.Answer alone = transfer("/leader?wait", "", "");
    assertThat(alone.status()).isEqualTo(500);
    assertThat(alone.text()).isEqualTo("stepdown: cannot find peer\n");
    assertThat(transfer("/leader", "", "").status()).isEqualTo(200);

    RawHttp.Answer bad = transfer("/leader", "application/json", "{\"id\"");
    assertThat(bad.status()).isEqualTo(400);
    assertThat(bad.text()).startsWith("invalid JSON: ");
    assertThat(transfer("/leader", "application/json", "{\"id\":5}").status()).isEqualTo(400);
  }

  @Test
  void isReadyWhenTheGroupIs() throws IOException {
    assertReady(200, "[+]node ok\n[+]leader ok\n[+]store ok\n[+]db ok");

    server.switches.restoreDown = true;
    assertReady(503, "[+]node ok\n[+]leader ok\n[+]store not ready");

    raft.status = TestRaftNode.status(Phase.RUNNING, Role.FOLLOWER, null);
    assertReady(503, "[+]node ok\n[+]leader does not exist");

    // Between two leaders the group stays UP for an election time-out, and so does this.
    server.switches.restoreDown = false;
    assertReady(200, "[+]node ok\n[+]leader ok\n[+]store ok\n[+]db ok");
  }

  private void assertReady(int status, String body) throws IOException {
    RawHttp.Answer answer = server.http.get("/readyz");
    assertThat(answer.text()).isEqualTo(body);
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.header("Content-Type")).containsExactly("text/plain; charset=utf-8");
    assertThat(server.http.get("/actuator/health/readiness").status()).isEqualTo(status);
  }

  @Test
  void isReadyWithoutALeaderWhenAsked() throws IOException {
    server.switches.restoreDown = true;

    RawHttp.Answer answer = server.http.get("/readyz?noleader");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEqualTo("[+]node ok");
  }

  @Test
  void waitsUntilCaughtUp() throws IOException {
    assertThat(server.http.get("/readyz?sync").text())
        .isEqualTo("[+]node ok\n[+]leader ok\n[+]store ok\n[+]sync ok\n[+]db ok");

    raft.status = TestRaftNode.following();
    raft.probes = List.of(TestRaftNode.silent(TestRaftNode.OTHER, "refused"));
    assertThat(server.http.get("/readyz?sync").text())
        .isEqualTo("[+]node ok\n[+]leader not contactable: refused");

    raft.onProbe = () -> raft.status = TestRaftNode.status(Phase.RUNNING, Role.LEADER, null);
    assertThat(server.http.get("/readyz?sync").text())
        .as("another one leads since it was asked")
        .endsWith("[+]sync ok\n[+]db ok");

    raft.status = TestRaftNode.following();
    raft.onProbe = () -> {};
    raft.probes = List.of(ahead());
    RawHttp.Answer late = server.http.get("/readyz?sync&timeout=20ms");
    assertThat(late.status()).isEqualTo(503);
    assertThat(late.text()).isEqualTo("[+]node ok\n[+]leader ok\n[+]store ok\n[+]sync timeout");
  }

  private static NodeProbe ahead() {
    return new NodeProbe(
        "n2", "127.0.0.1:4012", "", "", true, true, true, "c1", 50, null, Duration.ZERO);
  }

  private RawHttp.Answer transfer(String target, String contentType, String body)
      throws IOException {
    String header = contentType.isEmpty() ? "" : "Content-Type: " + contentType + "\r\n";
    return server.http.send("POST", target, header, body.getBytes(StandardCharsets.UTF_8));
  }

  private JsonNode json(String target) throws IOException {
    RawHttp.Answer answer = server.http.get(target);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).containsExactly("application/json; charset=utf-8");
    return JsonMapper.shared().readTree(answer.text());
  }
}
