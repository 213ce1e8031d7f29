package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Three nodes that serve clients are set back to a restore point. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RestoreInPlaceHttpTests {

  private List<ApplicationNode> nodes = List.of();
  private Path folder;

  @BeforeAll
  void start(@TempDir Path root) throws IOException {
    folder = root;
    Path archive = Files.createDirectory(root.resolve("archive"));
    nodes =
        ApplicationNode.cluster(
            root,
            3,
            "--liferaft.backup.target=file:" + archive + "/",
            "--liferaft.backup.interval=1h");
  }

  @AfterAll
  void stop() {
    ApplicationNode.close(nodes);
  }

  private ApplicationNode leader() {
    Waiting.await("a leader").until(() -> nodes.stream().anyMatch(n -> n.status().leads()));
    return nodes.stream().filter(n -> n.status().leads()).findFirst().orElseThrow();
  }

  private ApplicationNode follower() {
    return nodes.stream().filter(n -> !n.status().leads()).findFirst().orElseThrow();
  }

  private static JsonNode json(RawHttp.Answer answer) {
    return JsonMapper.shared().readTree(answer.text());
  }

  private static boolean written(RawHttp.Answer answer) {
    return answer.status() == 200 && !answer.text().contains("error");
  }

  private void execute(String sql) throws IOException {
    RawHttp.Answer answer = leader().http.post("/db/execute", "[\"" + sql + "\"]");
    assertThat(written(answer)).as(answer.text()).isTrue();
  }

  private String backedUp() throws IOException {
    assertThat(leader().http.post("/actuator/backup", "").status()).isEqualTo(200);
    JsonNode list = json(leader().http.get("/actuator/backups"));
    return list.path("backups").path(0).path("id").asString();
  }

  private RawHttp.Answer restore(ApplicationNode node, String point, boolean dryRun)
      throws IOException {
    String body = "{\"point\": \"%s\", \"dryRun\": %s}".formatted(point, dryRun);
    return node.http.send(
        "POST",
        "/actuator/restore",
        "Content-Type: application/json\r\n",
        body.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private JsonNode awaitEnd(ApplicationNode leader) {
    JsonNode[] last = new JsonNode[1];
    Waiting.await("the restore is over")
        .until(() -> {
          last[0] = json(leader.http.get("/actuator/restore")).path("inPlace");
          return Set.of("done", "failed").contains(last[0].path("phase").asString());
        });
    return last[0];
  }

  private static Set<Long> numbers(ApplicationNode node, String level) throws IOException {
    JsonNode answer =
        json(node.http.get("/db/query?level=" + level + "&q=SELECT%20n%20FROM%20log"));
    Set<Long> numbers = new HashSet<>();
    answer.path("results").path(0).path("values").forEach(row -> numbers.add(row.path(0).asLong()));
    return numbers;
  }

  @Test
  void everyAcknowledgedWriteIsInTheDatabaseOrInTheSafetyBackup() throws Exception {
    execute("CREATE TABLE log(n INTEGER PRIMARY KEY)");
    execute("INSERT INTO log VALUES(0)");
    String point = backedUp();
    Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
    boolean[] stop = new boolean[1];
    Thread writer =
        Thread.ofVirtual()
            .start(() -> {
              for (long n = 1; !stop[0]; n++) {
                try {
                  String insert = "[\"INSERT INTO log VALUES(" + n + ")\"]";
                  if (written(follower().http.post("/db/execute", insert))) {
                    acknowledged.add(n);
                  }
                } catch (IOException e) {
                  // not acknowledged
                }
              }
            });
    Waiting.await("writes").until(() -> acknowledged.size() > 20);
    ApplicationNode leader = leader();
    RawHttp.Answer plan = restore(follower(), point, true);
    assertThat(plan.status()).as(plan.text()).isEqualTo(200);
    assertThat(json(plan).path("plan").path("backup").asString()).isEqualTo(point);

    RawHttp.Answer begun = restore(leader, point, false);
    assertThat(begun.status()).as(begun.text()).isEqualTo(202);
    JsonNode end = awaitEnd(leader);
    int before = acknowledged.size();
    Waiting.await("writes go on").until(() -> acknowledged.size() > before + 20);
    stop[0] = true;
    writer.join();

    assertThat(end.path("phase").asString()).as(end.toString()).isEqualTo("done");
    Set<Long> kept = numbers(leader, "strong");
    assertThat(kept).contains(0L).doesNotContain(1L);
    String safety = end.path("detail").asString().replaceAll(".* ", "");
    Set<Long> all = inBackup(safety);
    assertThat(all).contains(0L, 1L);
    all.addAll(kept);
    assertThat(all).as("nothing acknowledged is lost").containsAll(acknowledged);
    for (ApplicationNode node : nodes) {
      node.awaitIndexOf(leader);
      assertThat(numbers(node, "none")).as(node.id).isEqualTo(kept);
    }
    JsonNode shown = json(leader.http.get("/actuator/backups/" + safety)).path("backup");
    assertThat(shown.path("pinned").asBoolean()).isTrue();
    assertThat(backedUp()).isNotEqualTo(safety);
  }

  private Set<Long> inBackup(String id) throws Exception {
    RawHttp.Answer answer = leader().http.get("/actuator/backups/" + id + "/database");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    Path file = Files.write(folder.resolve("safety.sqlite"), answer.body().toByteArray());
    Set<Long> numbers = new HashSet<>();
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT n FROM log")) {
      while (rows.next()) {
        numbers.add(rows.getLong(1));
      }
    }
    return numbers;
  }

  @Test
  void aDamagedOrUnknownRestorePointChangesNothing() throws Exception {
    execute("CREATE TABLE kept(a)");
    String point = backedUp();
    execute("INSERT INTO kept VALUES(1)");
    try (Stream<Path> packs = Files.list(folder.resolve("archive/packs"))) {
      for (Path pack : packs.filter(file -> file.toString().endsWith(".pack")).toList()) {
        if (pack.toString().contains(point)) {
          Files.write(pack, new byte[] {1});
        }
      }
    }
    ApplicationNode leader = leader();

    assertThat(restore(leader, point, false).status()).isEqualTo(202);
    JsonNode end = awaitEnd(leader);
    assertThat(end.path("phase").asString()).isEqualTo("failed");
    assertThat(end.path("detail").asString()).contains("damaged");
    execute("INSERT INTO kept VALUES(2)");
    String unknown = point.substring(0, point.length() - 8) + "00000000";
    assertThat(restore(leader, unknown, false).status()).isEqualTo(404);
    assertThat(restore(leader, "nothing", true).status()).isEqualTo(404);
    assertThat(restore(leader, "index:x", true).status()).isEqualTo(400);
    RawHttp.Answer elsewhere = restore(follower(), "latest", false);
    assertThat(elsewhere.status()).isEqualTo(421);
    assertThat(elsewhere.text()).contains(leader.httpAddress);
    execute("INSERT INTO kept VALUES(3)");
    String _ = backedUp();
  }
}
