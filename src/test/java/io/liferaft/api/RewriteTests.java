package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /db/sql} and {@code /licenses}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RewriteTests {

  @AutoClose private ApiServer server;

  @BeforeAll
  void start(@TempDir Path folder) {
    server = new ApiServer(folder);
  }

  @Test
  void showsThatNothingIsRewritten() throws IOException {
    RawHttp.Answer answer = server.http.get("/db/sql?q=SELECT%20random()");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).containsExactly("application/json; charset=utf-8");
    assertThat(answer.header("X-Rqlite-Served-By")).isEmpty();
    assertThat(answer.text())
        .isEqualTo(
            "{\"results\":[{\"original\":\"SELECT random()\",\"rewritten\":\"SELECT random()\"}]}");
    assertThat(server.raft.asked).isEmpty();
  }

  @Test
  void looksAtEachStatement() throws IOException {
    assertThat(
            server
                .http
                .post(
                    "/db/sql?norwrandom",
                    "[[\"INSERT INTO none VALUES(?)\",1],\"bad\",\"\",\"SELECT 1; SELECT (\"]")
                .text())
        .isEqualTo(
            "{\"results\":["
                + "{\"original\":\"INSERT INTO none VALUES(?)\",\"rewritten\":\"INSERT INTO none VALUES(?)\"},"
                + "{\"original\":\"bad\",\"error\":\"near \\\"bad\\\": syntax error\"},"
                + "{\"original\":\"SELECT 1; SELECT (\",\"error\":\"incomplete input\"}]}");
    assertThat(server.http.post("/db/sql?timings&pretty", "[\"PRAGMA temp_store_directory='/'\"]"))
        .satisfies(
            answer -> assertThat(answer.text()).containsPattern("\n    \"time\": 0\\.[0-9]+"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET|/db/sql||400|query not specified",
        "GET|/db/sql?q=||400|query parameter not set",
        "POST|/db/sqlXYZ|[]|400|no statements",
        "POST|/db/sql|SELECT 1|400|invalid JSON body",
        "PUT|/db/sql||405|",
        "POST|/licenses||405|",
        "GET|/licenses/||404|",
      })
  void refuses(
      String method, String target, @Nullable String body, int status, @Nullable String text)
      throws IOException {
    RawHttp.Answer answer =
        server.http.send(
            method,
            target,
            "Content-Type: text/plain\r\n",
            (body == null ? "" : body).getBytes(StandardCharsets.UTF_8));

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.text()).isEqualTo(text == null ? "" : text + "\n");
  }

  @Test
  void tellsTheLicences() throws IOException {
    RawHttp.Answer answer = server.http.get("/licenses");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).containsExactly("text/plain; charset=utf-8");
    assertThat(answer.text())
        .startsWith("Liferaft is under the Apache License 2.0")
        .contains("\n  org.xerial:sqlite-jdbc\n", "https://opensource.org/license/mit\n");
  }
}
