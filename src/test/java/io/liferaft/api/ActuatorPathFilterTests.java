package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.ServletException;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

class ActuatorPathFilterTests {

  private final ActuatorPathFilter filter = new ActuatorPathFilter("/actuator");
  private boolean passed;

  private MockHttpServletResponse send(String method, String path)
      throws ServletException, IOException {
    MockHttpServletResponse response = new MockHttpServletResponse();
    filter.doFilter(
        new MockHttpServletRequest(method, "/actuator" + path),
        response,
        (_, _) -> {
          passed = true;
        });
    return response;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DELETE|/backup|GET, HEAD, POST",
        "PUT|/backup/preflight|GET, HEAD, POST",
        "POST|/backups|GET, HEAD",
        "PATCH|/backups/x|GET, HEAD, POST, DELETE",
        "GET|/backups/x/verify|POST",
        "POST|/backups/x/database|GET",
        "DELETE|/restore|GET, HEAD, POST",
        "PUT|/drill|GET, HEAD, POST",
      })
  void saysWhichMethodsAPathHas(String method, String path, String valid) throws Exception {
    MockHttpServletResponse response = send(method, path);

    assertThat(passed).isFalse();
    assertThat(response.getStatus()).isEqualTo(405);
    assertThat(response.getHeader("Allow")).isEqualTo(valid);
    assertThat(response.getContentType()).startsWith("application/problem+json");
    assertThat(response.getContentAsString())
        .contains("\"status\":405")
        .contains(method + " is not taken here: valid are " + valid);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/backup/other",
        "/backup/preflight/x",
        "/backup/",
        "/backups/",
        "/backups//verify",
        "/backups/x/other",
        "/backups/x/verify/y",
        "/restore/x",
        "/restore/",
        "/drill/x"
      })
  void hasNothingElseBelowOurEndpoints(String path) throws Exception {
    for (String method : new String[] {"GET", "POST", "DELETE"}) {
      MockHttpServletResponse response = send(method, path);

      assertThat(passed).isFalse();
      assertThat(response.getStatus()).isEqualTo(404);
      assertThat(response.getContentType()).startsWith("application/problem+json");
      assertThat(response.getContentAsString())
          .contains("\"status\":404")
          .contains("There is nothing at /actuator" + path);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /backup",
    "HEAD, /backup",
    "POST, /backup/preflight",
    "GET, /backups",
    "DELETE, /backups/x",
    "POST, /backups/x/verify",
    "GET, /backups/x/database",
    "OPTIONS, /restore",
    "POST, /restore",
    "POST, /drill",
    "DELETE, /health",
    "GET, /backupsx/y/z",
    "GET, ''"
  })
  void passesOnWhatThereIsAndWhatIsNotItsOwn(String method, String path) throws Exception {
    assertThat(send(method, path).getStatus()).isEqualTo(200);
    assertThat(passed).isTrue();
  }
}
