package io.liferaft.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeArchives;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.Waiting;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.test.web.servlet.assertj.MockMvcTester;

@SpringBootTest(
    classes = RestoreActuatorTests.App.class,
    properties = {
      "liferaft.backup.target=s3://bucket/db.sqlite.gz",
      "liferaft.node.data-dir=target/restore-actuator-tests",
      "spring.cloud.aws.s3.enabled=false",
      "spring.cloud.aws.region.static=eu-central-1",
      "management.endpoints.web.exposure.include=health,restore",
      "management.endpoint.health.group.readiness.include=readinessState,restore",
      "management.endpoint.health.group.liveness.include=livenessState"
    })
@AutoConfigureMockMvc
class RestoreActuatorTests {

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(RestoreConfiguration.class)
  static class App {
    @Bean
    FakeRaftNode node(ApplicationEventPublisher events) {
      FakeRaftNode node = new FakeRaftNode();
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
  private final FakeArchives archives;

  @Autowired
  RestoreActuatorTests(MockMvcTester http, FakeRaftNode node, FakeArchives archives) {
    this.http = http;
    this.node = node;
    this.archives = archives;
  }

  @Test
  void aRestoreThatFailsKeepsTheNodeLiveAndNotReadyAndSaysWhy() {
    archives
        .open("s3://bucket/db.sqlite.gz", true)
        .failNext(Call.LATEST, Reason.ACCESS_DENIED, 1000);

    node.lead();

    Waiting.await("the restore is reported")
        .untilAsserted(() ->
            assertThat(http.get().uri("/actuator/restore"))
                .hasStatusOk()
                .bodyJson()
                .isLenientlyEqualTo(
                    "{\"state\":\"failed\",\"source\":\"s3://bucket/db.sqlite.gz\"}")
                .extractingPath("$.reason")
                .asString()
                .contains("s3:ListBucket"));
    assertThat(http.get().uri("/actuator/health/readiness")).hasStatus(503);
    assertThat(http.get().uri("/actuator/health/liveness")).hasStatusOk();

    node.restored(new RestoreRecord.Ended(RestoreRecord.Outcome.STARTED_EMPTY, 0));
    assertThat(http.get().uri("/actuator/health/readiness")).hasStatusOk();
    tellsUntilWhenWritesAreHeld();
  }

  private void tellsUntilWhenWritesAreHeld() {
    long attempt = node.holdWrites(Duration.ofMinutes(5));
    assertThat(http.get().uri("/actuator/restore"))
        .bodyJson()
        .extractingPath("$.writesHeldUntil")
        .isEqualTo("1970-01-01T00:05:00Z");

    node.releaseWrites(attempt);
    assertThat(http.get().uri("/actuator/restore")).bodyText().doesNotContain("writesHeldUntil");
  }
}
