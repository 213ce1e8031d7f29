package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

class ActuatorBodyFilterTests {

  private final ActuatorBodyFilter filter = new ActuatorBodyFilter("/actuator");
  private final AtomicReference<String> passed = new AtomicReference<>();

  private MockHttpServletResponse post(String path, String type, String body)
      throws ServletException, IOException {
    MockHttpServletRequest request = new MockHttpServletRequest("POST", path);
    if (!type.isEmpty()) {
      request.setContentType(type);
    }
    request.setContent(body.getBytes(StandardCharsets.UTF_8));
    MockHttpServletResponse response = new MockHttpServletResponse();
    filter.doFilter(
        request,
        response,
        (through, _) ->
            passed.set(
                through.getContentType()
                    + " "
                    + new String(through.getInputStream().readAllBytes(), StandardCharsets.UTF_8)));
    return response;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "restore|{\"point\":\"latest\",\"dryrun\":true}|no member 'dryrun': valid are point, dryRun, force",
        "restore|{\"point\":\"latest\",\"dryRun\":\"yes\"}|'dryRun' has to be true or false",
        "restore|{\"point\":7}|'point' has to be a string",
        "restore|{\"dryRun\":true}|'point' is missing",
        "restore|{\"point\":null}|'point' is missing",
        "restore|[]|no JSON object",
        "restore|{\"point|no JSON:",
        "backups/x|{\"pinned\":\"yes\"}|'pinned' has to be true or false",
        "backups/x|{}|'pinned' is missing",
        "backups/x/verify|{\"dept\":\"hashes\"}|no member 'dept': valid are depth",
        "backup|{\"now\":true}|none is taken here",
        "drill|{\"depth\":\"hashes\"}|none is taken here",
      })
  void refusesWhatItDoesNotKnow(String endpoint, String body, String why) throws Exception {
    MockHttpServletResponse response = post("/actuator/" + endpoint, "application/json", body);

    assertThat(response.getStatus()).isEqualTo(400);
    assertThat(response.getContentType()).startsWith("application/problem+json");
    assertThat(response.getContentAsString()).contains(why).contains("\"status\":400");
    assertThat(passed.get()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "restore|application/json|{\"point\":\"latest\",\"dryRun\":true,\"force\":null}",
        "restore|application/vnd.spring-boot.actuator.v3+json|{\"point\":\"latest\"}",
        "backups/x|application/json; charset=utf-8|{\"pinned\":false}",
        "backups/x/verify|application/json|{\"depth\":\"hashes\"}",
        "loggers/io.liferaft|application/json|{\"configuredLevel\":\"DEBUG\"}",
      })
  void passesOnWhatItKnowsAndWhatIsNotItsOwn(String endpoint, String type, String body)
      throws Exception {
    assertThat(post("/actuator/" + endpoint, type, body).getStatus()).isEqualTo(200);

    assertThat(passed.get()).startsWith("application/json").endsWith(" " + body);
  }

  @Test
  void asksForJsonButOnlyWhereThereIsABody() throws Exception {
    MockHttpServletResponse form =
        post("/actuator/restore", "application/x-www-form-urlencoded", "point=latest");
    assertThat(form.getStatus()).isEqualTo(415);
    assertThat(form.getContentAsString()).contains("Content-Type: application/json");
    assertThat(post("/actuator/restore", "", "{}").getStatus()).isEqualTo(415);
    assertThat(passed.get()).isNull();

    assertThat(post("/actuator/backup", "", "").getStatus()).isEqualTo(200);
    assertThat(passed.get()).isEqualTo("application/json {}");
    assertThat(post("/actuator/restore", "", "").getStatus()).isEqualTo(400);
  }

  @Test
  void boundsTheBody() throws Exception {
    String long65 = "{\"point\":\"" + "x".repeat(65 << 10) + "\"}";

    assertThat(post("/actuator/restore", "application/json", long65).getStatus()).isEqualTo(413);
  }
}
