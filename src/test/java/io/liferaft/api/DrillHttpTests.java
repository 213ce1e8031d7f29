package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A follower's restore drill, as the whole cluster tells of it. */
class DrillHttpTests {

  @Test
  void aFollowersDrillShowsOnAllNodes(@TempDir Path root) throws IOException {
    Path archive = Files.createDirectory(root.resolve("archive"));
    List<ApplicationNode> nodes =
        ApplicationNode.cluster(
            root,
            3,
            "--liferaft.backup.target=file:" + archive + "/",
            "--liferaft.backup.interval=1h");
    try {
      ApplicationNode leader =
          nodes.stream().filter(n -> n.status().leads()).findFirst().orElseThrow();
      ApplicationNode follower = nodes.stream().filter(n -> n != leader).findFirst().orElseThrow();
      for (ApplicationNode node : nodes) {
        assertThat(cluster(node).path("result").asString()).isEqualTo("none yet");
        assertThat(metric(node, "liferaft_backup_verified_age_seconds")).isEqualTo("NaN");
      }
      RawHttp.Answer none = follower.http.post("/actuator/drill", "");
      assertThat(none.status()).isEqualTo(409);
      assertThat(none.text()).contains("There is no backup at");
      write(leader, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
      write(leader, "INSERT INTO t(v) VALUES(1),('a'),(NULL)");
      assertThat(leader.http.post("/actuator/backup", "").status()).isEqualTo(200);
      String changed = metric(leader, "liferaft_raft_change_index");
      follower.awaitIndexOf(leader);

      RawHttp.Answer drilled = follower.http.post("/actuator/drill", "");

      assertThat(drilled.status()).isEqualTo(200);
      assertThat(drilled.text()).contains("its contents are this node's: 1 tables, 3 rows");
      for (ApplicationNode node : nodes) {
        Waiting.await(node.id + " knows of it")
            .until(() -> cluster(node).path("result").asString(), "ok"::equals);
        JsonNode last = cluster(node);
        assertThat(last.path("node").asString()).isEqualTo(follower.id);
        assertThat(last.path("compared").asBoolean()).isTrue();
        assertThat(last.path("recoveryMillis").asLong()).isPositive();
        assertThat(last.path("lastVerified").asString()).isEqualTo(last.path("time").asString());
        JsonNode newest = json(node, "/actuator/backups").path("backups").path(0);
        assertThat(newest.path("id").asString()).isEqualTo(last.path("backup").asString());
        assertThat(newest.path("verified").path("good").asBoolean()).isTrue();
        assertThat(metric(node, "liferaft_backup_verified_age_seconds")).isNotEqualTo("NaN");
        assertThat(metric(node, "liferaft_backup_recovery_time_seconds")).isNotEqualTo("NaN");
        assertThat(metric(node, "liferaft_raft_change_index")).isEqualTo(changed);
        assertThat(json(node, "/actuator/health").toString()).contains("\"lastVerified\"");
      }
      assertThat(metric(leader, "liferaft_backup_change_lag")).as("none is due").isEqualTo("0.0");

      write(leader, "INSERT INTO t(v) VALUES(2)");
      follower.awaitIndexOf(leader);
      assertThat(metric(leader, "liferaft_backup_change_lag"))
          .as("due in an hour")
          .isNotEqualTo("0.0");
      assertThat(follower.http.post("/actuator/drill", "").text())
          .contains("\"compared\":true", "its contents are this node's: 1 tables, 4 rows");
      assertThat(metric(leader, "liferaft_backup_change_lag")).isEqualTo("0.0");
      assertThat(json(leader, "/actuator/backups").path("backups").size()).isEqualTo(2);
    } finally {
      ApplicationNode.close(nodes);
    }
  }

  private static void write(ApplicationNode node, String sql) throws IOException {
    assertThat(node.http.post("/db/execute", "[\"" + sql + "\"]").text()).doesNotContain("error");
  }

  private static JsonNode json(ApplicationNode node, String path) throws IOException {
    return JsonMapper.shared().readTree(node.http.get(path).text());
  }

  private static JsonNode cluster(ApplicationNode node) throws IOException {
    return json(node, "/actuator/drill").path("cluster");
  }

  private static String metric(ApplicationNode node, String name) throws IOException {
    return node.http
        .get("/actuator/prometheus")
        .text()
        .lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .map(line -> line.substring(line.lastIndexOf(' ') + 1))
        .findFirst()
        .orElseThrow();
  }
}
