package io.liferaft.api;

import static io.liferaft.api.BasicHeaderTests.basic;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.security.AccessControl;
import io.liferaft.security.Caller;
import io.liferaft.security.Credentials;
import io.liferaft.security.NotAuthorizedException;
import io.liferaft.security.Permission;
import io.liferaft.support.TestRaftNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Users at the HTTP port: who gets in where, what a refusal looks like, which error wins. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UsersHttpTests {

  /**
   * A request of a route that is answered well when its caller is let in.
   *
   * @param users who are, besides {@code all}
   */
  private record Case(String request, Set<String> users) {}

  private static final Map<Route, Case> CASES =
      Map.ofEntries(
          entry(Route.EXECUTE, "POST /db/execute [\"INSERT\"]", "execute", "both"),
          entry(Route.QUERY, "GET /db/query?q=SELECT ", "query", "both"),
          entry(Route.REQUEST, "POST /db/request [\"INSERT\"]", "both"),
          entry(Route.BACKUP, "GET /db/backup ", "backup"),
          entry(Route.LOAD, "POST /db/load INSERT", "load"),
          entry(Route.STATUS, "GET /status ", "status"),
          entry(Route.NODES, "GET /nodes ", "status"),
          entry(Route.LEADER, "POST /leader ", "leader-ops"),
          entry(Route.READYZ, "GET /readyz "),
          entry(Route.SNAPSHOT, "POST /snapshot ", "snapshot"),
          entry(Route.REAP, "POST /reap ", "snapshot"),
          entry(Route.REMOVE, "DELETE /remove {\"id\":\"n9\"}", "remove"),
          entry(Route.BOOT, "POST /boot SQLite format 3 padded up, but whole", "load"),
          entry(Route.DEBUG_VARS, "GET /debug/vars ", "status"),
          entry(Route.SQL, "POST /db/sql [\"SELECT 1\"]", "query", "both"),
          entry(Route.LICENSES, "GET /licenses ", "status"));

  private static Map.Entry<Route, Case> entry(Route route, String request, String... users) {
    return Map.entry(route, new Case(request, Set.of(users)));
  }

  private static Case of(Route route) {
    return Objects.requireNonNull(CASES.get(route), () -> "no request of " + route);
  }

  @AutoClose private ApiServer server;
  private TestRaftNode raft;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    server =
        new ApiServer(
            folder,
            "--liferaft.security.auth-file=" + usersFile(folder),
            "--management.endpoints.web.exposure.include=*",
            "--management.endpoint.env.show-values=never");
    raft = server.raft;
  }

  /** One user for each permission, named after it, with the password {@code pw-<name>}. */
  static Path usersFile(Path folder) throws IOException {
    List<String> users = new ArrayList<>();
    for (Permission permission : Permission.values()) {
      String name = permission.text();
      users.add(
          "{\"username\":\"%s\",\"password\":\"pw-%s\",\"perms\":[\"%s\"]}"
              .formatted(name, name, name));
    }
    users.add("{\"username\":\"both\",\"password\":\"pw-both\",\"perms\":[\"query\",\"execute\"]}");
    users.add("{\"username\":\"*\",\"perms\":[\"ready\"]}");
    return Files.writeString(folder.resolve("users.json"), "[" + String.join(",\n", users) + "]");
  }

  @BeforeEach
  void reset() {
    raft.reset();
  }

  private static String as(String user) {
    return user.isEmpty() ? "" : "Authorization: " + basic(user + ":pw-" + user) + "\r\n";
  }

  private RawHttp.Answer ask(String request, String headers) throws IOException {
    String[] parts = request.split(" ", 3);
    return server.http.send(
        parts[0],
        parts[1],
        headers,
        (parts.length > 2 ? parts[2] : "").getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @EnumSource(value = Route.class, names = "ROOT", mode = EnumSource.Mode.EXCLUDE)
  void letsInWhoHasTheRoutesPermissions(Route route) throws IOException {
    raft.status = TestRaftNode.alone(); // as a boot wants it
    String request = of(route).request();
    List<String> users =
        Stream.concat(
                Arrays.stream(Permission.values()).map(Permission::text),
                Stream.of("both", "", "stranger"))
            .toList();
    for (String user : users) {
      RawHttp.Answer answer = ask(request, as(user));

      boolean allowed =
          user.equals("all") || of(route).users().contains(user) || route == Route.READYZ;
      assertThat(answer.status()).as("%s as '%s'", request, user).isEqualTo(allowed ? 200 : 401);
      if (!allowed) {
        assertThat(answer.text()).isEmpty();
        assertThat(answer.header("Content-Length")).containsExactly("0");
      }
      assertThat(answer.header("WWW-Authenticate")).containsExactly("Basic realm=\"rqlite\"");
    }
    assertThat(ask(request, "Authorization: " + basic("all:pw-al") + "\r\n").status())
        .isEqualTo(route == Route.READYZ ? 200 : 401);
  }

  @Test
  void nothingIsDoneForWhoIsRefused() throws IOException {
    for (Route route : CASES.keySet()) {
      if (route != Route.READYZ) {
        RawHttp.Answer _ = ask(of(route).request(), as("ui"));
      }
    }

    assertThat(raft.asked).isEmpty();
    assertThat(raft.calls).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // parameters come before the route, the route before the user, the user before the method
        "POST|/nowhere?timeout=5|400",
        "GET|/db/execute?timeout=5|400",
        "GET|/nowhere|404",
        "GET|//db/query|404",
        "GET|/db/execute|401",
        "HEAD|/status|401",
        "POST|/db/execute|401",
        "PUT|/db/query|401",
        "OPTIONS|/db/execute|200",
        "OPTIONS|/nowhere?timeout=5|200",
        "GET|/|302",
        "POST|/readyz|405",
      })
  void keepsRqlitesOrderForStrangers(String method, String target, int status) throws IOException {
    RawHttp.Answer answer = server.http.send(method, target, "", new byte[0]);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.header("WWW-Authenticate")).containsExactly("Basic realm=\"rqlite\"");
    assertThat(answer.header("Access-Control-Allow-Credentials")).containsExactly("true");
    assertThat(answer.header("Access-Control-Allow-Headers"))
        .containsExactly("Content-Type, Authorization");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET|/db/execute|405",
        "HEAD|/status|405",
        "POST|/db/execute|400",
        "POST|/db/executeXYZ|400",
      })
  void looksAtMethodAndBodyOfWhoIsLetIn(String method, String target, int status)
      throws IOException {
    assertThat(server.http.send(method, target, as("all"), new byte[0]).status()).isEqualTo(status);
  }

  @Test
  void refusesBeforeTheBodyIsAskedFor() throws IOException {
    RawHttp.Answer answer =
        server.http.exchange(out ->
            out.write(
                RawHttp.head(
                    "POST", "/db/load", "Expect: 100-continue\r\nContent-Length: 1000000\r\n")));

    assertThat(answer.status()).isEqualTo(401);
  }

  @Test
  void emptyRefusalsKeepTheTypeOfTheirRoute() throws IOException {
    assertThat(server.http.get("/status").header("Content-Type"))
        .containsExactly("application/json; charset=utf-8");
    assertThat(server.http.get("/db/backup").header("Content-Type")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Basic",
        "Basic !!!!",
        "Basic YWxs",
        "Basic  YWxsOnB3LWFsbA==",
        "Basic YWxsOnB3LWFsbA",
        "Bearer YWxsOnB3LWFsbA==",
        "YWxsOnB3LWFsbA=="
      })
  void aMalformedHeaderIsNobody(String header) throws IOException {
    String line = "Authorization: " + header + "\r\n";

    assertThat(ask("GET /status ", line).status()).isEqualTo(401);
    assertThat(ask("GET /readyz ", line).status()).isEqualTo(200);
  }

  @Test
  void theFirstHeaderCounts() throws IOException {
    assertThat(ask("GET /status ", as("all") + as("ui")).status()).isEqualTo(200);
    assertThat(ask("GET /status ", as("ui") + as("all")).status()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(longs = {17, 4711, 20_261_124})
  void noHeaderBreaksAnything(long seed) throws IOException {
    Random random = new Random(seed);
    String good = basic("all:pw-all");
    for (int i = 0; i < 150; i++) {
      byte[] header = mutated(random, good);
      RawHttp.Answer answer =
          server.http.exchange(out -> {
            out.write(
                "GET /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "
                    .getBytes(StandardCharsets.US_ASCII));
            out.write(header);
            out.write("\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
          });

      String text = new String(header, StandardCharsets.ISO_8859_1);
      assertThat(answer.status())
          .as("seed %d, round %d: '%s'", seed, i, text)
          .isIn(
              BasicHeader.parse(text.strip()).equals(new Credentials("all", "pw-all"))
                  ? Set.of(200)
                  : Set.of(400, 401));
    }
  }

  private static byte[] mutated(Random random, String good) {
    byte[] header =
        switch (random.nextInt(4)) {
          case 0 ->
              basic("x".repeat(random.nextInt(6000)) + ":" + random.nextLong())
                  .getBytes(StandardCharsets.US_ASCII);
          case 1 -> new byte[random.nextInt(200)];
          default -> good.getBytes(StandardCharsets.US_ASCII);
        };
    boolean anything = random.nextBoolean();
    for (int n = random.nextInt(4); n > 0 && header.length > 0; n--) {
      header[random.nextInt(header.length)] =
          (byte) (anything ? random.nextInt(256) : ' ' + random.nextInt(95));
    }
    for (int at = 0; at < header.length; at++) {
      // A line end would begin another header.
      if (header[at] == '\n' || header[at] == '\r' || header[at] == 0) {
        header[at] = '=';
      }
    }
    return header;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET|/actuator|status",
        "GET|/actuator/info|status",
        "GET|/actuator/metrics|status",
        "GET|/actuator/metrics/jvm.memory.used|status",
        "GET|/actuator/prometheus|status",
        "GET|/actuator/env|all",
        "GET|/actuator/configprops|all",
        "GET|/actuator/beans|all",
        "GET|/actuator/threaddump|all",
        "GET|/actuator/loggers|all",
        "GET|/%61ctuator/env|all",
        "GET|/actuator/%65nv|all",
      })
  void asksAtTheActuatorToo(String method, String target, String user) throws IOException {
    byte[] none = new byte[0];
    RawHttp.Answer refused = server.http.send(method, target, as("ui"), none);
    assertThat(refused.status()).isEqualTo(401);
    assertThat(refused.header("WWW-Authenticate")).containsExactly("Basic realm=\"rqlite\"");
    assertThat(refused.header("Content-Type").getFirst()).startsWith("application/problem+json");
    assertThat(refused.text()).contains("\"status\":401");
    assertThat(server.http.send(method, target, "", none).status()).isEqualTo(401);
    assertThat(server.http.send(method, target, as(user), none).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/actuator;x/env",
        "/actuator/health;/../env",
        "/actuator/health/../env",
        "/actuator/./env",
        "/actuator//env",
        "/actuator/health/..%2fenv",
        "/x/../actuator/env",
        "/actuator/health%2f../env",
      })
  void noSpellingGetsAroundTheActuatorsCheck(String target) throws IOException {
    RawHttp.Answer answer = server.http.get(target);

    assertThat(answer.status()).isIn(400, 401, 404);
    assertThat(answer.text()).doesNotContain("propertySources");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a", "/a/b", "/a/b/c", "/liveness/a/b", "/diskSpace/a/b"})
  void aPartOfAnUnknownHealthComponentIsNotFound(String path) throws IOException {
    assertThat(server.http.get("/actuator/health" + path).status()).isEqualTo(404);
  }

  @Test
  void changesThroughTheActuatorTakeMore() {
    assertThat(ActuatorFilter.needed("backup", "GET")).containsExactly(Permission.STATUS);
    assertThat(ActuatorFilter.needed("backup", "POST")).containsExactly(Permission.BACKUP);
    assertThat(ActuatorFilter.needed("info", "POST")).containsExactly(Permission.ALL);
    assertThat(ActuatorFilter.needed("heapdump", "GET")).containsExactly(Permission.ALL);
    assertThat(ActuatorFilter.needed("shutdown", "POST")).containsExactly(Permission.ALL);
  }

  @Test
  void healthStaysOpenForProbes() throws IOException {
    for (String path : List.of("", "/readiness", "/liveness")) {
      RawHttp.Answer answer = server.http.get("/actuator/health" + path);
      assertThat(answer.status()).isEqualTo(200);
    }
  }

  @Test
  void noSecretIsShown() throws IOException {
    String all = as("all");
    for (String endpoint : List.of("env", "configprops", "beans", "metrics", "info")) {
      assertThat(ask("GET /actuator/" + endpoint + " ", all).text()).doesNotContain("pw-");
    }
    assertThat(ask("GET /status ", all).text()).doesNotContain("pw-");
    assertThat(ask("GET /debug/vars ", all).text()).doesNotContain("pw-", "--", "users.json");
  }

  @Test
  void tellsThatThereAreUsersAndCountsChecks() throws IOException {
    AccessControl access = server.context.getBean(AccessControl.class);
    long allowed = access.allowedCount();
    long refused = access.refusedCount();

    assertThat(ask("GET /status?key=http.auth ", as("all")).text()).isEqualTo("\"enabled\"");
    assertThat(ask("GET /status ", as("ui")).status()).isEqualTo(401);

    assertThat(access.allowedCount()).isEqualTo(allowed + 1);
    assertThat(access.refusedCount()).isEqualTo(refused + 1);
    assertThat(ask("GET /debug/vars?key=http ", as("all")).text())
        .contains("\"auth_fail\":" + (refused + 1) + ",\"auth_ok\":" + (allowed + 2) + ",");
    assertThat(ask("GET /actuator/prometheus ", as("all")).text())
        .containsPattern("liferaft_security_checks_total\\{result=\"refused\"\\} [1-9]")
        .containsPattern(
            "liferaft_api_requests_seconds_count\\{result=\"unauthorized\",route=\"status\"\\} [1-9]");
  }

  @Test
  void theCallerGoesOnToTheLeader() throws IOException {
    List<Optional<Caller>> callers = new ArrayList<>();
    raft.sql =
        _ -> {
          callers.add(Caller.current());
          return TestRaftNode.reply();
        };

    assertThat(ask("POST /db/request [\"INSERT\"]", as("both")).status()).isEqualTo(200);

    assertThat(callers)
        .containsExactly(
            Optional.of(
                new Caller(
                    new Credentials("both", "pw-both"),
                    Set.of(Permission.QUERY, Permission.EXECUTE))));
    assertThat(Caller.current()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = Route.class,
      names = {"EXECUTE", "QUERY", "REQUEST", "BACKUP", "LOAD", "LEADER"})
  void saysThatTheLeaderRefused(Route route) throws IOException {
    raft.sql =
        _ -> {
          throw new NotAuthorizedException();
        };
    raft.load =
        _ -> {
          throw new NotAuthorizedException();
        };
    raft.copy =
        () -> {
          throw new NotAuthorizedException();
        };
    raft.transfer = _ -> new NotAuthorizedException();

    RawHttp.Answer answer = ask(of(route).request(), as("all"));

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text())
        .isEqualTo(
            switch (route) {
              case EXECUTE -> "remote Execute not authorized\n";
              case QUERY -> "remote query not authorized\n";
              case REQUEST -> "remote Request not authorized\n";
              case BACKUP -> "remote backup not authorized\n";
              case LOAD -> "remote load not authorized\n";
              default -> "remote stepdown not authorized\n";
            });
    assertThat(answer.header("X-Content-Type-Options")).containsExactly("nosniff");
  }

  @Test
  void thePortOfTheActuatorAsksToo(@TempDir Path folder) throws IOException {
    try (ApiServer apart =
        new ApiServer(
            folder,
            "--liferaft.security.auth-file=" + usersFile(folder),
            "--management.server.port=0",
            "--management.server.address=127.0.0.1")) {
      RawHttp management =
          new RawHttp(
              Integer.parseInt(
                  String.valueOf(
                      apart.context.getEnvironment().getProperty("local.management.port"))));

      assertThat(management.get("/actuator/health").status()).isEqualTo(200);
      assertThat(management.get("/actuator/prometheus").status()).isEqualTo(401);
      assertThat(management.send("GET", "/actuator/prometheus", as("status"), new byte[0]).status())
          .isEqualTo(200);
    }
  }

  @Test
  void withoutUsersNothingIsAskedOrSaid(@TempDir Path folder) throws IOException {
    try (ApiServer open = new ApiServer(folder)) {
      RawHttp.Answer answer = open.http.get("/status?key=http.auth");

      assertThat(answer.text()).isEqualTo("\"disabled\"");
      assertThat(
              answer.headers().stream()
                  .map(h -> h.substring(0, h.indexOf(':')))
                  .collect(Collectors.toSet()))
          .doesNotContain("WWW-Authenticate", "Access-Control-Allow-Credentials");
      assertThat(open.http.get("/actuator/prometheus").status()).isEqualTo(200);
    }
  }
}
