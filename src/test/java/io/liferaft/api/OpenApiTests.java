package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code /actuator/openapi} says of the program it comes from. */
class OpenApiTests {

  private static final List<String> METHODS = List.of("GET", "POST", "DELETE");

  @Test
  void describesEveryPathOfRqliteWithItsMethodsAndTheActuatorsToo(@TempDir Path folder)
      throws IOException {
    try (ApiServer server =
        new ApiServer(
            folder,
            "--springdoc.show-actuator=true",
            "--springdoc.api-docs.path=/actuator/openapi")) {
      RawHttp.Answer answer = server.http.send("GET", "/actuator/openapi", "", new byte[0]);

      assertThat(answer.status()).isEqualTo(200);
      JsonNode api = JsonMapper.builder().build().readTree(answer.text());
      JsonNode paths = api.path("paths");
      for (Route route : Route.values()) {
        if (route == Route.ROOT) {
          continue;
        }
        JsonNode path = paths.path(path(route));
        assertThat(path.isObject()).as(route + " is described").isTrue();
        for (String method : METHODS) {
          assertThat(path.has(method.toLowerCase(Locale.ROOT)))
              .as(method + " " + route)
              .isEqualTo(described(route, method));
        }
      }
      assertThat(paths.has("/actuator/health")).as(paths.toString()).isTrue();
      assertThat(api.path("openapi").asString()).startsWith("3.");
      assertThat(references(api))
          .isNotEmpty()
          .allSatisfy(reference ->
              assertThat(api.at(reference.substring(1)).isMissingNode()).as(reference).isFalse());
    }
  }

  private static String path(Route route) {
    return switch (route) {
      case EXECUTE, QUERY, REQUEST, BACKUP, LOAD, SQL ->
          "/db/" + route.name().toLowerCase(Locale.ROOT);
      case DEBUG_VARS -> "/debug/vars";
      case ROOT, STATUS, NODES, LEADER, READYZ, SNAPSHOT, REAP, REMOVE, BOOT, LICENSES ->
          "/" + route.name().toLowerCase(Locale.ROOT);
    };
  }

  /** Where every method will do, the one that makes sense is described. */
  private static boolean described(Route route, String method) {
    return route == Route.DEBUG_VARS ? method.equals("GET") : route.takes(method);
  }

  private static List<String> references(JsonNode node) {
    List<String> found = new ArrayList<>();
    if (node.has("$ref")) {
      found.add(node.path("$ref").asString());
    }
    node.forEach(child -> found.addAll(references(child)));
    return found;
  }
}
