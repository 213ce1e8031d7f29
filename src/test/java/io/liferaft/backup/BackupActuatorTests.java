package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.VerifiedRecord;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeArchives;
import io.liferaft.support.FakeRaftNode;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.web.servlet.assertj.MockMvcTester;

@SpringBootTest(
    classes = BackupActuatorTests.App.class,
    properties = {
      "liferaft.backup.target=s3://bucket/db.sqlite.gz",
      "liferaft.backup.interval=1h",
      "liferaft.backup.on-stop-timeout=0s",
      "liferaft.backup.preflight=false",
      "spring.cloud.aws.s3.enabled=false",
      "spring.cloud.aws.region.static=eu-central-1",
      "management.endpoints.web.exposure.include=health,backup",
      "management.endpoint.health.show-components=always",
      "management.endpoint.health.show-details=always",
      "management.endpoint.health.validate-group-membership=false",
      "management.health.diskspace.enabled=false",
      "management.endpoint.health.status.order=DOWN,OUT_OF_SERVICE,DEGRADED,UP,UNKNOWN",
      "management.endpoint.health.status.http-mapping.DEGRADED=200",
      "management.endpoint.health.status.http-mapping.DOWN=503"
    })
@AutoConfigureMockMvc
@DirtiesContext(classMode = DirtiesContext.ClassMode.AFTER_EACH_TEST_METHOD)
class BackupActuatorTests {

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(BackupConfiguration.class)
  static class App {
    @Bean
    FakeRaftNode node(ApplicationEventPublisher events) {
      FakeRaftNode node =
          new FakeRaftNode()
              .restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 0));
      node.listen(events::publishEvent);
      return node;
    }

    @Bean
    FakeArchives archives() {
      return new FakeArchives();
    }
  }

  private final MockMvcTester http;
  private final FakeRaftNode node;
  private final FakeArchive archive;

  @Autowired
  BackupActuatorTests(MockMvcTester http, FakeRaftNode node, FakeArchives archives) {
    this.http = http;
    this.node = node;
    this.archive = archives.open("s3://bucket/db.sqlite.gz", true);
  }

  @Test
  void tellsHowItStandsAndBacksUpOnDemand() {
    node.leader("n2").write("a");
    assertThat(http.post().uri("/actuator/backup")).hasStatus(409);
    assertThat(http.get().uri("/actuator/backup"))
        .hasStatusOk()
        .bodyJson()
        .isLenientlyEqualTo("{\"state\":\"STANDBY\",\"target\":\"s3://bucket/db.sqlite.gz\"}");

    node.lead();
    assertThat(http.post().uri("/actuator/backup")).hasStatusOk();

    assertThat(archive.stored()).isPresent();
    assertThat(http.get().uri("/actuator/backup"))
        .hasStatusOk()
        .bodyJson()
        .extractingPath("$.last")
        .asString()
        .startsWith("20");
  }

  @Test
  void knowsOfNoOtherPartThanThePreflight() {
    assertThat(http.get().uri("/actuator/backup/preflight"))
        .hasStatusOk()
        .bodyJson()
        .isStrictlyEqualTo("{\"target\":\"s3://bucket/db.sqlite.gz\"}");
    assertThat(http.get().uri("/actuator/backup/other")).hasStatus(404);
    assertThat(http.post().uri("/actuator/backup/other")).hasStatus(404);
  }

  @Test
  void tellsWhatAnotherNodesDrillFound() {
    node.leader("n2");
    VerifiedRecord good =
        new VerifiedRecord(
            archive.fingerprint(), "id", "g", 7, "ab", 9, 1_000_000, 2500, true, false, "n3");
    node.recordVerified(good);

    assertThat(http.get().uri("/actuator/health"))
        .hasStatusOk()
        .bodyJson()
        .isLenientlyEqualTo(
            "{\"status\":\"UP\",\"components\":{\"backup\":{\"details\":"
                + "{\"lastVerified\":\"1970-01-01T00:16:40Z\",\"recoveryTime\":\"PT2.5S\"}}}}");

    node.recordVerified(
        new VerifiedRecord(
            archive.fingerprint(), "id", "g", 7, "ab", 9, 2_000_000, 99, false, false, "n3"));

    assertThat(http.get().uri("/actuator/health"))
        .hasStatusOk()
        .bodyJson()
        .isLenientlyEqualTo(
            "{\"status\":\"DEGRADED\",\"components\":{\"backup\":{\"details\":"
                + "{\"lastVerified\":\"1970-01-01T00:16:40Z\",\"damaged\":\"Node n3 found on"
                + " 1970-01-01T00:33:20Z that the backup id, change index 7, cannot be"
                + " restored\"}}}}");
  }

  @Test
  void troubleIsTwoHundred() {
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 1000);
    node.write("a").lead();

    assertThat(http.post().uri("/actuator/backup")).hasStatus(503);

    assertThat(http.get().uri("/actuator/health"))
        .hasStatusOk()
        .bodyJson()
        .isLenientlyEqualTo(
            "{\"status\":\"DEGRADED\",\"components\":{\"backup\":{\"status\":\"DEGRADED\"}}}");
  }
}
