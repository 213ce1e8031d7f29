package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.RestoreRecord;
import io.liferaft.support.FakeRaftNode;
import java.io.UnsupportedEncodingException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
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
      "management.endpoints.web.exposure.include=backup,backups",
      "management.endpoint.health.validate-group-membership=false"
    })
@AutoConfigureMockMvc
@DirtiesContext
class BackupsActuatorTests {

  @TempDir static Path folder;

  @DynamicPropertySource
  static void target(DynamicPropertyRegistry registry) {
    registry.add("liferaft.backup.target", () -> "file:" + folder.toAbsolutePath() + "/");
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

  @Autowired
  BackupsActuatorTests(MockMvcTester http, FakeRaftNode node) {
    this.http = http;
    this.node = node;
  }

  @Test
  void listsPinsAndDeletesRestorePoints() throws UnsupportedEncodingException {
    node.lead();
    for (String content : new String[] {"a", "b", "c"}) {
      node.write(content);
      assertThat(http.post().uri("/actuator/backup")).hasStatusOk();
    }
    JsonNode backups = json(http.get().uri("/actuator/backups").exchange()).path("backups");
    assertThat(backups.size()).isEqualTo(3);
    assertThat(backups.path(0).path("newest").asBoolean()).isTrue();
    assertThat(backups.path(0).path("pinned").asBoolean()).isFalse();
    String newest = backups.path(0).path("id").asString();
    String middle = backups.path(1).path("id").asString();

    JsonNode plan = json(http.get().uri("/actuator/backups?plan=true").exchange()).path("prune");
    assertThat(plan.path("dryRun").asBoolean()).isTrue();
    assertThat(plan.path("kept").asInt()).isEqualTo(3);

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
