package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What lets a browser's page of another origin ask this node. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AllowOriginTests {

  @AutoClose private ApiServer server;

  @BeforeAll
  void start(@TempDir Path folder) {
    server = new ApiServer(folder, "--liferaft.http.allow-origin=https://app.example.org");
  }

  @ParameterizedTest
  @CsvSource({
    "OPTIONS,/nonexist?q=,200",
    "POST,/db/execute,400",
    "GET,/db/query?q=,400",
    "GET,/nonexist,404",
    "PUT,/db/execute,405",
    "GET,/status,200",
  })
  void everyAnswerNamesTheOrigin(String method, String target, int status) throws IOException {
    RawHttp.Answer answer =
        server.http.send(method, target, "Origin: https://app.example.org\r\n", new byte[0]);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.header("Access-Control-Allow-Origin"))
        .containsExactly("https://app.example.org");
    assertThat(answer.header("Access-Control-Allow-Methods")).containsExactly("OPTIONS, GET, POST");
  }
}
