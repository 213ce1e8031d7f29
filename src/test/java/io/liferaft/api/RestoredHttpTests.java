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

/** Three fresh nodes are restored, and each is asked from what. */
class RestoredHttpTests {

  private static JsonNode json(RawHttp.Answer answer) {
    return JsonMapper.shared().readTree(answer.text());
  }

  private static int telling(List<ApplicationNode> nodes) throws IOException {
    int telling = 0;
    for (ApplicationNode node : nodes) {
      JsonNode restored = json(node.http.get("/actuator/restore")).path("restored");
      assertThat(restored.has("ended")).isTrue();
      telling += restored.has("target") ? 1 : 0;
    }
    return telling;
  }

  @Test
  void everyMemberTellsWhatItWasRestoredFromUntilTheNextBackup(@TempDir Path root)
      throws Exception {
    String target =
        "--liferaft.backup.target=file:" + Files.createDirectory(root.resolve("archive")) + "/";
    String rarely = "--liferaft.backup.interval=1h";
    JsonNode point;
    List<ApplicationNode> before = ApplicationNode.cluster(root.resolve("a"), 1, target, rarely);
    try {
      RawHttp http = before.getFirst().http;
      assertThat(http.post("/db/execute", "[\"CREATE TABLE t(a)\"]").status()).isEqualTo(200);
      assertThat(http.post("/actuator/backup", "").status()).isEqualTo(200);
      point = json(http.get("/actuator/backups")).path("backups").path(0);
    } finally {
      ApplicationNode.close(before);
    }

    List<ApplicationNode> nodes = ApplicationNode.cluster(root.resolve("b"), 3, target, rarely);
    try {
      int knowing = 0;
      for (ApplicationNode node : nodes) {
        JsonNode restored = json(node.http.get("/actuator/restore")).path("restored");
        assertThat(restored.path("target").asString()).as(restored.toString()).isEqualTo("first");
        assertThat(restored.path("sha256").asString()).hasSize(64);
        assertThat(restored.path("created").asString()).startsWith("20");
        assertThat(restored.path("passedOver").isArray()).isTrue();
        assertThat(restored.path("ended").asString()).startsWith("20");
        JsonNode health = json(node.http.get("/actuator/health"));
        assertThat(health.path("components").path("restore").path("details").path("restored"))
            .isEqualTo(restored);
        if (restored.has("backup")) {
          knowing++;
          assertThat(restored.path("backup").asString()).isEqualTo(point.path("id").asString());
          assertThat(restored.path("changeIndex").asLong())
              .isEqualTo(point.path("changeIndex").asLong());
        }
      }
      assertThat(knowing).as("who has restored it").isOne();

      ApplicationNode leader =
          nodes.stream().filter(node -> node.status().leads()).findFirst().orElseThrow();
      assertThat(leader.http.post("/db/execute", "[\"CREATE TABLE u(a)\"]").status())
          .isEqualTo(200);
      assertThat(leader.http.post("/actuator/backup", "").status()).isEqualTo(200);
      Waiting.await("only who has restored it still knows it").until(() -> telling(nodes) == 1);
    } finally {
      ApplicationNode.close(nodes);
    }
  }
}
