package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.VerifiedRecord;
import io.liferaft.support.FakeRaftNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UnsupportedEncodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.MediaType;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The restore points of an archive, over HTTP. */
@SpringBootTest(
    classes = BackupsActuatorTests.App.class,
    properties = {
      "liferaft.backup.interval=1h",
      "liferaft.backup.on-stop-timeout=0s",
      "spring.cloud.aws.s3.enabled=false",
      "spring.cloud.aws.region.static=eu-central-1",
      "management.endpoints.web.exposure.include=backup,backups,drill",
      "management.endpoint.health.validate-group-membership=false"
    })
@AutoConfigureMockMvc
@DirtiesContext
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BackupsActuatorTests {

  @TempDir static Path root;
  @TempDir static Path data;

  /** Made by the first backup. */
  private static Path folder() {
    return root.resolve("backups");
  }

  @DynamicPropertySource
  static void target(DynamicPropertyRegistry registry) {
    registry.add("liferaft.node.data-dir", () -> data.toString());
    registry.add("liferaft.backup.target", () -> "file:" + folder().toAbsolutePath() + "/");
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(BackupConfiguration.class)
  @ComponentScan({"io.liferaft.objectstore", "io.liferaft.archive"})
  static class App {
    @Bean
    FakeRaftNode node(ApplicationEventPublisher events) {
      FakeRaftNode node =
          new FakeRaftNode()
              .restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 0));
      node.listen(events::publishEvent);
      return node;
    }
  }

  private final MockMvcTester http;
  private final FakeRaftNode node;
  private final RestorePointFiles files;

  @Autowired
  BackupsActuatorTests(MockMvcTester http, FakeRaftNode node, RestorePointFiles files) {
    this.files = files;
    this.http = http;
    this.node = node;
  }

  @Test
  @Order(1)
  void aLoneNodeThatHasMadeNoBackupHasNoneAndNotADirectoryThatIsGone() throws Exception {
    node.lead();
    assertThat(folder()).doesNotExist();
    JsonNode list = json(http.get().uri("/actuator/backups?plan=true").exchange());
    assertThat(list.path("backups").isEmpty()).as("%s", list).isTrue();
    assertThat(http.post().uri("/actuator/drill").contentType(MediaType.APPLICATION_JSON))
        .hasStatus(409)
        .bodyText()
        .contains("There is no backup at file:" + folder());

    String _ = made("first");
    Path away = Files.move(folder(), root.resolve("away"));
    try {
      assertThat(http.get().uri("/actuator/backups"))
          .hasStatus(503)
          .bodyText()
          .contains("is it mounted?");
    } finally {
      Path _ = Files.move(away, folder());
    }
  }

  @Test
  void listsPinsAndDeletesRestorePoints() throws IOException {
    node.lead();
    for (String content : new String[] {"a", "b", "c", "d"}) {
      node.write(content);
      assertThat(http.post().uri("/actuator/backup")).hasStatusOk();
    }
    JsonNode backups = json(http.get().uri("/actuator/backups").exchange()).path("backups");
    assertThat(backups.size()).isGreaterThanOrEqualTo(3);
    assertThat(backups.path(0).path("newest").asBoolean()).isTrue();
    assertThat(backups.path(0).path("pinned").asBoolean()).isFalse();
    String newest = backups.path(0).path("id").asString();
    String middle = noOthersAreToldAgainst(newest);

    JsonNode plan = json(http.get().uri("/actuator/backups?plan=true").exchange()).path("prune");
    assertThat(plan.path("dryRun").asBoolean()).isTrue();
    assertThat(plan.path("kept").asInt()).isEqualTo(backups.size());

    node.leader("n2");
    assertThat(pin(middle, "true")).hasStatusOk();
    JsonNode one = json(http.get().uri("/actuator/backups/" + middle).exchange());
    assertThat(one.path("backup").path("pinned").asBoolean()).isTrue();
    assertThat(http.delete().uri("/actuator/backups/" + middle)).hasStatus(409);
    assertThat(pin(middle, "false")).hasStatusOk();
    assertThat(http.delete().uri("/actuator/backups/" + middle)).hasStatusOk();
    assertThat(http.get().uri("/actuator/backups/" + middle)).hasStatus(404);
    assertThat(http.delete().uri("/actuator/backups/" + middle)).hasStatus(404);
    assertThat(http.delete().uri("/actuator/backups/" + newest)).hasStatus(409);
    assertThat(pin("nothing", "true")).hasStatus(404);
    assertThat(pin(newest, "\"perhaps\"")).hasStatus(400);
  }

  private static String noOthersAreToldAgainst(String newest) throws IOException {
    try (Stream<Path> manifests = Files.list(folder().resolve("manifests"))) {
      return manifests
          .map(file -> file.getFileName().toString())
          .filter(name -> name.contains(".on-") && !name.startsWith(newest))
          .map(name -> name.substring(0, name.indexOf('.')))
          .max(Comparator.naturalOrder())
          .orElseThrow();
    }
  }

  private String made(String... contents) throws UnsupportedEncodingException {
    node.lead();
    for (String content : contents) {
      node.write(content);
      assertThat(http.post().uri("/actuator/backup")).hasStatusOk();
    }
    JsonNode backups = json(http.get().uri("/actuator/backups").exchange()).path("backups");
    return backups.path(0).path("id").asString();
  }

  private MvcTestResult verify(String id, String depth) {
    return http.post()
        .uri("/actuator/backups/" + id + "/verify")
        .contentType(MediaType.APPLICATION_JSON)
        .content("{\"depth\": \"" + depth + "\"}")
        .exchange();
  }

  @Test
  void verifiesARestorePointAsCloselyAsAsked() throws Exception {
    String id = made("v1", "v2");
    Path scratch = data.resolve("tmp/restore-points");

    JsonNode looked = json(verify(id, "manifest"));
    assertThat(looked.path("good").asBoolean()).isTrue();
    assertThat(looked.path("uniqueBytes").asLong()).isPositive();
    JsonNode listed = json(http.get().uri("/actuator/backups/" + id).exchange()).path("backup");
    assertThat(listed.path("verified").path("depth").asString()).isEqualTo("manifest");
    assertThat(listed.path("uniqueBytes").asLong()).isPositive();
    assertThat(http.post().uri("/actuator/drill").contentType(MediaType.APPLICATION_JSON))
        .as("it does not look what is unique")
        .hasStatus(409);
    listed = json(http.get().uri("/actuator/backups/" + id).exchange()).path("backup");
    assertThat(listed.path("verified").path("depth").asString()).isEqualTo("database");
    assertThat(listed.path("uniqueBytes").asLong()).isPositive();
    assertThat(json(verify(id, "hashes")).path("good").asBoolean()).isTrue();
    MvcTestResult database = verify(id, "database");
    assertThat(database).hasStatus(409).bodyText().contains("cannot be restored");
    assertThat(scratch).doesNotExist();

    assertThat(verify(id, "deep")).hasStatus(400).bodyText().contains("manifest, hashes");
    assertThat(verify("nothing", "hashes")).hasStatus(404).bodyText().contains("no backup nothing");
    MvcTestResult other =
        http.post()
            .uri("/actuator/backups/" + id + "/praise")
            .contentType(MediaType.APPLICATION_JSON)
            .content("{}")
            .exchange();
    assertThat(other).hasStatus(404).bodyText().contains("no praise");
  }

  @Test
  void listsTheLastLookAtOneWhichMayBeAnotherNodesDrill() throws Exception {
    String id = made("l1", "l2");
    String target = node.state().backups().keySet().iterator().next();
    node.recordVerified(
        new VerifiedRecord(target, id, "g", 7, "ab", 9, 5000, 77, true, false, "n3"));

    JsonNode listed = json(http.get().uri("/actuator/backups/" + id).exchange()).path("backup");
    assertThat(listed.path("verified").path("depth").asString()).isEqualTo("database");
    assertThat(listed.path("verified").path("time").asString()).isEqualTo("1970-01-01T00:00:05Z");
    assertThat(listed.path("verified").path("tookMillis").asLong()).isEqualTo(77);
    assertThat(verify(id, "hashes")).hasStatusOk();

    JsonNode looked = json(http.get().uri("/actuator/backups/" + id).exchange()).path("backup");
    assertThat(looked.path("verified").path("depth").asString()).isEqualTo("hashes");
  }

  @Test
  void findsAPackThatIsCutWithoutFetchingIt() throws Exception {
    String id = made("p1", "p2");
    try (Stream<Path> packs = Files.list(folder().resolve("packs"))) {
      Path pack =
          packs
              .filter(file -> file.toString().contains(id) && file.toString().endsWith(".pack"))
              .findFirst()
              .orElseThrow();
      Files.write(pack, new byte[] {1});
    }

    assertThat(verify(id, "manifest")).hasStatus(409).bodyText().contains("of another size");
    assertThat(verify(id, "hashes")).hasStatus(409).bodyText().contains("cannot be restored");
    String _ = made("p3");
  }

  @Test
  void anotherOneIsRefusedWhileOneIsUnderWay() throws Exception {
    String id = made("o1");
    try (RestorePointFiles.Fetched fetched = files.fetch(id)) {
      assertThat(fetched.file()).isNotEmptyFile();
      assertThat(verify(id, "hashes")).hasStatus(409).bodyText().contains("try again later");
    }
    assertThat(verify(id, "hashes")).hasStatusOk();
    assertThatExceptionOfType(RestorePointException.class)
        .isThrownBy(() -> files.fetch("nothing"))
        .satisfies(e -> assertThat(e.status()).isEqualTo(404));
    assertThat(verify(id, "hashes")).hasStatusOk();
  }

  @Test
  void letsThePinOfARestorePointThatIsGoneGo() throws Exception {
    String _ = made("s1");
    Path pin = Files.createDirectories(folder().resolve("pins")).resolve("gone");
    Files.writeString(pin, "gone");

    assertThat(pin("gone", "false")).hasStatusOk();
    assertThat(pin).doesNotExist();
    assertThat(pin("gone", "false")).hasStatus(404);
  }

  /** The same place, as the command line sees it. */
  @Test
  void prunesWithoutANode() throws Exception {
    String newest = made("c1", "c2", "c3");
    for (String kind : new String[] {"manifests", "packs"}) {
      try (Stream<Path> objects = Files.list(folder().resolve(kind))) {
        for (Path object : objects.toList()) {
          Files.setLastModifiedTime(
              object, FileTime.from(Instant.now(Clock.systemUTC()).minusSeconds(3 * 3600)));
        }
      }
    }
    String[] policy = {
      "--liferaft.backup.retention.keep-all=0s",
      "--liferaft.backup.retention.hourly=0",
      "--liferaft.backup.retention.daily=0",
      "--liferaft.backup.retention.weekly=0",
      "--liferaft.backup.retention.monthly=0",
      "--liferaft.backup.retention.minimum=1"
    };

    assertThat(command(2, "prune", "--liferaft.backup.retention.minimum=0"))
        .contains("liferaft.backup.retention.minimum=0");
    assertThat(command(2, "prune", "--liferaft.backup.retention.delete=false"))
        .contains("retention.delete=false");
    assertThat(command(2, "list", "--dry-run")).contains("--dry-run belongs to prune");
    assertThat(command(0, "prune")).contains("0 restore points and 0 packs");
    int before = command(0, "list").lines().toList().size();
    assertThat(command(0, with(policy, "prune", "--dry-run"))).contains("would go");
    assertThat(command(0, "list").lines()).hasSize(before);
    assertThat(command(0, with(policy, "prune"))).contains("gone");
    assertThat(command(0, "list").lines())
        .hasSizeLessThan(before)
        .anyMatch(s -> s.contains(newest));
    assertThat(command(0, "verify", "--all", "--depth=manifest")).contains(" 0 damaged");
    assertThat(command(0, "verify", "--depth=hashes"))
        .contains("good     " + newest + "  change index", "0 damaged");
    assertThat(command(1, "verify", "--depth=database")).contains("DAMAGED  " + newest);
  }

  @Test
  void listsTheOneBackupOfAPlainTarget(@TempDir Path elsewhere) throws Exception {
    String target = "--target=file:" + elsewhere.resolve("db.sqlite.gz");
    assertThat(command(0, "list", target)).contains("0 restore points");
    Files.write(elsewhere.resolve("db.sqlite.gz"), new byte[] {1, 2, 3});
    assertThat(command(0, "list", target))
        .contains("           3  ", "db.sqlite.gz  (newest)", "1 restore point at ");
  }

  @Test
  void getsIntoNoFileThatCannotBeWritten(@TempDir Path elsewhere) throws Exception {
    String _ = made("g1");

    assertThat(command(2, "get", "")).contains("name the file");
    assertThat(command(2, "get", elsewhere.resolve("missing/g.sqlite").toString()))
        .contains("missing is no directory");
    assertThat(command(2, "get", elsewhere.toString())).contains("is there already");
    assertThat(elsewhere).isEmptyDirectory();
  }

  private static String[] with(String[] settings, String... words) {
    return Stream.concat(Stream.of(words), Stream.of(settings)).toArray(String[]::new);
  }

  private static String command(int status, String... words) {
    List<String> arguments = new ArrayList<>(List.of(words));
    if (arguments.stream().noneMatch(word -> word.startsWith("--target="))) {
      arguments.add("--target=file:" + folder().toAbsolutePath() + "/");
    }
    arguments.add("--spring.cloud.aws.s3.enabled=false");
    arguments.add("--spring.cloud.aws.region.static=eu-central-1");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8)) {
      assertThat(BackupsCommand.run(arguments, print, print))
          .as(() -> out.toString(StandardCharsets.UTF_8))
          .isEqualTo(status);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private MvcTestResult pin(String id, String pinned) {
    return http.post()
        .uri("/actuator/backups/" + id)
        .contentType(MediaType.APPLICATION_JSON)
        .content("{\"pinned\": " + pinned + "}")
        .exchange();
  }

  private static JsonNode json(MvcTestResult result) throws UnsupportedEncodingException {
    assertThat(result).hasStatusOk();
    return JsonMapper.shared().readTree(result.getResponse().getContentAsString());
  }
}
