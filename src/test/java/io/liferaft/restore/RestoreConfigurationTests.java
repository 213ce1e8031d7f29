package io.liferaft.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.liferaft.archive.BackupManifest;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.restore.RestoreProperties.OnFailure;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchives;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.Waiting;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroup;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.ResolvableType;

class RestoreConfigurationTests {

  @TempDir Path dataDir;

  private ApplicationContextRunner runner() {
    return new ApplicationContextRunner()
        .withUserConfiguration(RestoreConfiguration.class, Fakes.class)
        .withConfiguration(
            AutoConfigurations.of(
                HealthContributorAutoConfiguration.class,
                HealthContributorRegistryAutoConfiguration.class,
                HealthEndpointAutoConfiguration.class))
        .withPropertyValues(
            "liferaft.node.data-dir=" + dataDir,
            "management.endpoint.health.group.readiness.include=restore",
            "management.endpoint.health.show-details=always");
  }

  @Configuration(proxyBeanMethods = false)
  static class Fakes {
    @Bean
    FakeRaftNode node() {
      return new FakeRaftNode();
    }

    @Bean
    FakeArchives archives() {
      return new FakeArchives();
    }

    @Bean
    MeterRegistry registry() {
      return new SimpleMeterRegistry();
    }
  }

  // --- settings ---

  @Test
  void restoresFromTheBackupTargetByDefault() {
    runner()
        .run(context -> {
          RestoreProperties defaults = context.getBean(RestoreProperties.class);
          assertThat(defaults)
              .isEqualTo(new RestoreProperties(null, null, "latest", OnFailure.HOLD, ""));
          assertThat(defaults.effectiveSource(null)).isNull();
          assertThat(defaults.effectiveSource("")).isNull();
          assertThat(defaults.effectiveSource("s3://bucket/db")).isEqualTo("s3://bucket/db");
        });
  }

  @Test
  void takesEverySetting() {
    runner()
        .withPropertyValues(
            "liferaft.restore.enabled=false",
            "liferaft.restore.source=file:/backups/db.sqlite",
            "liferaft.restore.on-failure=start-empty")
        .run(context -> {
          RestoreProperties properties = context.getBean(RestoreProperties.class);
          assertThat(properties)
              .isEqualTo(
                  new RestoreProperties(
                      false, "file:/backups/db.sqlite", "latest", OnFailure.START_EMPTY, ""));
          assertThat(properties.effectiveSource("s3://bucket/db")).isNull();
        });
    assertThat(
            new RestoreProperties(true, "file:/b/db", "latest", OnFailure.HOLD, "")
                .effectiveSource("s3://b/k"))
        .isEqualTo("file:/b/db");
  }

  @ParameterizedTest
  @CsvSource({
    "liferaft.restore.source=ftp://host/db, s3://bucket/liferaft.sqlite.gz",
    "liferaft.restore.source=s3://bucket, s3://bucket/key",
    "liferaft.restore.enabled=true, s3://bucket/liferaft.sqlite.gz"
  })
  void refusesWithKeyValueAndAValidOne(String setting, String valid) {
    runner()
        .withPropertyValues(setting)
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining(setting)
                .hasStackTraceContaining(valid));
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://user:secret@host/db", "s4://key:secret@bucket/"})
  void refusesAPlaceWithoutRepeatingItsPassword(String source) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RestoreProperties(true, source, "latest", OnFailure.HOLD, ""))
        .withMessageContaining(":xxxxx@")
        .withMessageNotContaining("secret");
  }

  @Test
  void refusesAPlaceThatIsNoneWithoutRepeatingItsPassword() {
    runner()
        .withPropertyValues("liferaft.restore.source=s3://key:secret@bucket/")
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("liferaft.restore.source=s3://key:xxxxx@bucket/"));
  }

  @Test
  void refusesAnUnknownPolicy() {
    runner()
        .withPropertyValues("liferaft.restore.on-failure=shrug")
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("liferaft.restore.on-failure")
                .hasStackTraceContaining("shrug"));
  }

  // --- readiness ---

  @Test
  void readinessIsDownUntilTheAppliedStateSaysThatTheRestoreEnded() {
    runner()
        .run(context -> {
          FakeRaftNode node = context.getBean(FakeRaftNode.class);
          node.listen(context::publishEvent);
          HealthEndpoint health = context.getBean(HealthEndpoint.class);
          assertThat(status(health, "readiness")).isEqualTo(Status.DOWN);

          node.restored(new RestoreRecord.Begun(1, "s3://bucket/db"));
          assertThat(status(health, "readiness")).isEqualTo(Status.DOWN);
          HealthEndpointGroup readiness =
              Objects.requireNonNull(context.getBean(HealthEndpointGroups.class).get("readiness"));
          assertThat(readiness.getHttpCodeStatusMapper().getStatusCode(Status.DOWN)).isEqualTo(503);

          node.restored(new RestoreRecord.Ended(RestoreRecord.Outcome.DISABLED, 1));
          assertThat(status(health, "readiness")).isEqualTo(Status.UP);
        });
  }

  @Test
  void theFirstClientWriteCountsAsTheEnd() {
    FakeRaftNode node = new FakeRaftNode();
    RestoreHealthIndicator health =
        new RestoreHealthIndicator(
            node, () -> new RestoreState.Following("n2"), () -> null, () -> null, () -> null);
    assertThat(health.health().getStatus()).isEqualTo(Status.DOWN);

    node.write("a");

    assertThat(health.health().getStatus()).isEqualTo(Status.UP);
  }

  @Test
  void whatTheServiceRemembersDoesNotMakeANodeReady() {
    FakeRaftNode node = new FakeRaftNode();
    node.phase(NodeStatus.Phase.OPENING);

    Health health =
        new RestoreHealthIndicator(
                node, () -> new RestoreState.Done("restored"), () -> null, () -> null, () -> null)
            .health();

    assertThat(health.getStatus()).isEqualTo(Status.DOWN);
    assertThat(health.getDetails()).containsKey("reason");
  }

  @Test
  void healthTellsWhyItIsDown() {
    Health health =
        new RestoreHealthIndicator(
                new FakeRaftNode(),
                () ->
                    new RestoreState.Failed("s3://bucket/db", "Access is denied", 4, Instant.EPOCH),
                () -> "Access is denied",
                () -> null,
                () -> null)
            .health();

    assertThat(health.getStatus()).isEqualTo(Status.DOWN);
    assertThat(health.getDetails())
        .containsEntry("state", "failed")
        .containsEntry("source", "s3://bucket/db")
        .containsEntry("reason", "Access is denied")
        .containsEntry("attempts", 4)
        .containsEntry("next", Instant.EPOCH);
  }

  @Test
  void healthTellsTheLastFailureWhileTheNextAttemptRuns() {
    FakeRaftNode node = new FakeRaftNode();

    Health trying =
        new RestoreHealthIndicator(
                node,
                () -> new RestoreState.Looking("s3://bucket/db"),
                () -> "Access is denied",
                () -> null,
                () -> null)
            .health();
    Health done =
        new RestoreHealthIndicator(
                node,
                () -> new RestoreState.Done("restored"),
                () -> "Access is denied",
                () -> null,
                () -> null)
            .health();

    assertThat(trying.getDetails()).containsEntry("lastFailure", "Access is denied");
    assertThat(done.getDetails()).doesNotContainKey("lastFailure");
  }

  // --- reports ---

  @Test
  void tellsWhichBackupWasRestoredAndWhichWasPassedOver() {
    runner()
        .withPropertyValues("liferaft.backup.second-target=s3://other/db")
        .withPropertyValues("liferaft.backup.target=s3://bucket/db")
        .run(context -> {
          FakeArchive place = context.getBean(FakeArchives.class).open("s3://bucket/db", true);
          Path file = dataDir.resolve("backup.sqlite");
          GeneratedDatabase.write(file, 1, 1);
          byte[] database = Files.readAllBytes(file);
          var _ = place.place(manifest(9), database);
          place.placeOlder(manifest(7), database);
          place.corrupt(true);
          FakeRaftNode node = context.getBean(FakeRaftNode.class);
          node.listen(context::publishEvent);
          assertThat(context.getBean(RestoreEndpoint.class).restore())
              .doesNotContainKey("restored");

          node.lead();
          Waiting.await("the restore is over")
              .until(() -> context.getBean(RestoreService.class).restored() != null);

          Map<?, ?> restored = restored(context);
          assertThat(restored.get("target")).isEqualTo("first");
          assertThat(restored.get("source")).isEqualTo("s3://bucket/db");
          assertThat(restored.get("backup")).isEqualTo("older");
          assertThat(restored.get("changeIndex")).isEqualTo(7L);
          assertThat(restored.get("created")).isEqualTo(Instant.parse("2025-01-01T00:00:00Z"));
          assertThat(restored.get("ended")).isInstanceOf(Instant.class);
          assertThat(restored.get("passedOver"))
              .asInstanceOf(InstanceOfAssertFactories.list(Restored.PassedOver.class))
              .singleElement()
              .satisfies(damaged -> assertThat(damaged.reason()).contains("object key is damaged"));
        });
  }

  @Test
  void tellsOfAnotherNodesRestoreWhatTheReplicatedStateKnows() {
    runner()
        .withPropertyValues(
            "liferaft.backup.target=s3://bucket/db", "liferaft.backup.second-target=s3://other/db")
        .run(context -> {
          FakeRaftNode node = context.getBean(FakeRaftNode.class);
          node.restored(new RestoreRecord.Ended(RestoreRecord.Outcome.RESTORED, 3_000)).lead();
          String second =
              context.getBean(FakeArchives.class).open("s3://other/db", true).fingerprint();
          node.recordBackup(record(node, second, 9, 2_000));
          node.leader("n2");

          assertThat(restored(context))
              .isEqualTo(
                  Map.of(
                      "target",
                      "second",
                      "source",
                      "s3://other/db",
                      "created",
                      Instant.ofEpochMilli(2_000),
                      "sha256",
                      "ab",
                      "passedOver",
                      List.of(),
                      "ended",
                      Instant.ofEpochMilli(3_000)));

          node.lead();
          node.recordBackup(record(node, second, 10, 4_000));
          assertThat(restored(context))
              .as("once another backup was made there")
              .isEqualTo(Map.of("ended", Instant.ofEpochMilli(3_000)));
          node.restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 3_000));
          assertThat(context.getBean(RestoreEndpoint.class).restore())
              .doesNotContainKey("restored");
        });
  }

  private static BackupRecord record(RaftNode node, String place, long index, long timeMillis) {
    String generation = node.state().generation();
    return new BackupRecord(place, generation, index, "ab", 1, "e", null, 4, timeMillis);
  }

  /** Of the endpoint and, the same, of the health. */
  private static Map<?, ?> restored(ApplicationContext context) {
    Object told = context.getBean(RestoreEndpoint.class).restore().get("restored");
    Health health =
        Objects.requireNonNull(context.getBean(RestoreHealthIndicator.class).health(true));
    assertThat(health.getDetails().get("restored")).isNotNull().isEqualTo(told);
    return (Map<?, ?>) Objects.requireNonNull(told);
  }

  private static BackupManifest manifest(long changeIndex) {
    return new BackupManifest(
        "c", "g", 1, changeIndex, null, -1, false, List.of(), null, null, null);
  }

  @Test
  void tellsProgressWithAnEstimate() {
    Instant since = Instant.parse("2026-01-02T03:04:05Z");

    Map<String, Object> details =
        RestoreDetails.of(
            new RestoreState.Downloading("s3://bucket/db", 250, 1000, since),
            null,
            since.plusSeconds(10));

    assertThat(details)
        .containsEntry("state", "downloading")
        .containsEntry("bytes", 250L)
        .containsEntry("totalBytes", 1000L)
        .containsEntry("percent", 25L)
        .containsEntry("etaSeconds", 30L);
  }

  @Test
  void endsAFreshClusterWithoutASourceByItselfAndReportsIt() {
    runner()
        .run(context -> {
          FakeRaftNode node = context.getBean(FakeRaftNode.class);
          node.listen(context::publishEvent);

          node.lead();

          RestoreEndpoint endpoint = context.getBean(RestoreEndpoint.class);
          Waiting.await("the restore is done")
              .until(() -> "done".equals(endpoint.restore().get("state")));
          assertThat(endpoint.restore()).containsEntry("outcome", "disabled");
          MeterRegistry registry = context.getBean(MeterRegistry.class);
          new RestoreMetrics(
                  context.getBean(RestoreService.class),
                  context.getBean(InPlaceRestore.class),
                  context.getBean(RaftNode.class))
              .bindTo(registry);
          assertThat(registry.get("liferaft.restore.state").tag("state", "done").gauge().value())
              .isEqualTo(1);
          assertThat(registry.find("liferaft.restore.state").gauges()).hasSize(8);
          Object supplier =
              context
                  .getBeanProvider(
                      ResolvableType.forClassWithGenerics(Supplier.class, RestoreState.class))
                  .getObject();
          assertThat(((Supplier<?>) supplier).get()).isEqualTo(new RestoreState.Done("disabled"));
        });
  }

  private static Status status(HealthEndpoint health, String path) {
    return Objects.requireNonNull(health.healthForPath(path)).getStatus();
  }
}
