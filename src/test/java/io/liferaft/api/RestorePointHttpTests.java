package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A restore point fetched over HTTP as a database file. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RestorePointHttpTests {

  private List<ApplicationNode> nodes = List.of();
  private ApplicationNode node;
  private Path folder;

  @BeforeAll
  void start(@TempDir Path root) {
    folder = root;
    nodes =
        ApplicationNode.cluster(
            root,
            1,
            "--liferaft.backup.target=file:" + root.resolve("archive") + "/",
            "--liferaft.backup.interval=1h");
    node = nodes.getFirst();
  }

  @AfterAll
  void stop() {
    ApplicationNode.close(nodes);
  }

  private Path scratch() {
    return folder.resolve("n1/tmp/restore-points");
  }

  private String backedUp(String... statements) throws IOException {
    for (String statement : statements) {
      RawHttp.Answer answer = node.http.post("/db/execute", "[\"" + statement + "\"]");
      assertThat(answer.text()).doesNotContain("error");
    }
    assertThat(node.http.post("/actuator/backup", "").status()).isEqualTo(200);
    return newest();
  }

  private String newest() throws IOException {
    JsonNode list = JsonMapper.shared().readTree(node.http.get("/actuator/backups").text());
    return list.path("backups").path(0).path("id").asString();
  }

  @Test
  void handsOutTheDatabaseAndKeepsNothing() throws IOException {
    String id = backedUp("CREATE TABLE one(a)", "INSERT INTO one VALUES(1)");

    RawHttp.Answer answer = node.http.get("/actuator/backups/" + id + "/database");

    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.header("content-disposition"))
        .containsExactly("attachment; filename=\"" + id + ".sqlite\"");
    assertThat(answer.text()).startsWith("SQLite format 3").contains("CREATE TABLE one");
    assertThat(answer.header("content-length"))
        .containsExactly(String.valueOf(answer.body().size()));
    assertThat(answer.whole()).isTrue();
    assertThat(scratch()).doesNotExist();

    RawHttp.Answer unknown = node.http.get("/actuator/backups/nothing/database");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.text()).contains("There is no backup nothing");
    assertThat(node.http.get("/actuator/backups/a/b/database").status()).isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET|/actuator/restore/x|404|",
        "POST|/actuator/backup/other|404|",
        "GET|/actuator/backups/x/other|404|",
        "DELETE|/actuator/restore|405|GET, HEAD, POST",
        "PUT|/actuator/backup|405|GET, HEAD, POST",
        "POST|/actuator/backups|405|GET, HEAD",
        "GET|/actuator/backups/x/verify|405|POST",
        "POST|/actuator/backups/x/database|405|GET",
      })
  void whatIsNotThereIsAProblem(String method, String path, int status, @Nullable String allow)
      throws IOException {
    RawHttp.Answer answer = node.http.send(method, path, "", new byte[0]);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.header("content-type")).containsExactly("application/problem+json");
    assertThat(answer.text()).contains("\"status\":" + status).contains("\"detail\":");
    assertThat(answer.header("allow")).isEqualTo(allow == null ? List.of() : List.of(allow));
  }

  /** More than all buffers on the way hold, and then the client is gone. */
  @Test
  void deletesTheFileWhenTheClientGoesAway() throws IOException {
    String id =
        backedUp(
            "CREATE TABLE big(a)",
            "INSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<24)"
                + " SELECT randomblob(1000000) FROM c");
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), node.http.port())) {
      client.setReceiveBufferSize(1024);
      client.setSoLinger(true, 0);
      client
          .getOutputStream()
          .write(
              ("GET /actuator/backups/" + id + "/database HTTP/1.1\r\nHost: a\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(client.getInputStream().readNBytes(100)).hasSize(100);
      assertThat(Files.exists(scratch())).isTrue();
      RawHttp.Answer second = node.http.get("/actuator/backups/" + id + "/database");
      assertThat(second.status()).as("while one is under way").isEqualTo(409);
    }
    Waiting.await("the file is gone").until(() -> !Files.exists(scratch()));

    assertThat(node.http.get("/actuator/backups/" + id + "/database").status()).isEqualTo(200);
  }
}
