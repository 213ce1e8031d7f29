package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import io.liferaft.archive.ArchiveConfiguration;
import io.liferaft.objectstore.ObjectStoreConfiguration;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeArchives;
import io.liferaft.support.FakeRaftNode;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.ResolvableType;

@ExtendWith(OutputCaptureExtension.class)
class BackupConfigurationTests {

  private static final String TARGET = "liferaft.backup.target=s3://bucket/db.sqlite.gz";

  static final BackupProperties.Retention RETENTION =
      new BackupProperties.Retention(
          Duration.ofHours(24), 48, 31, 8, 12, 10, true, Duration.ofHours(1));

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withUserConfiguration(BackupConfiguration.class, Fakes.class)
          .withConfiguration(
              AutoConfigurations.of(
                  HealthContributorAutoConfiguration.class,
                  HealthContributorRegistryAutoConfiguration.class,
                  HealthEndpointAutoConfiguration.class))
          .withPropertyValues(
              "management.endpoint.health.show-components=always",
              "management.endpoint.health.show-details=always",
              "management.endpoint.health.status.order=DOWN,OUT_OF_SERVICE,DEGRADED,UP,UNKNOWN",
              "management.endpoint.health.status.http-mapping.DEGRADED=200",
              "management.endpoint.health.status.http-mapping.DOWN=503");

  @Configuration(proxyBeanMethods = false)
  static class Fakes {
    @Bean
    FakeRaftNode node() {
      return new FakeRaftNode()
          .restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 0));
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

  @Test
  void isOffByDefaultAndSaysSo(CapturedOutput output) {
    runner.run(context -> {
      assertThat(context.getBean(BackupProperties.class))
          .isEqualTo(
              new BackupProperties(
                  "",
                  "",
                  Duration.ofSeconds(10),
                  "plain",
                  true,
                  false,
                  false,
                  Duration.ofSeconds(20),
                  Duration.ofHours(24),
                  true,
                  "",
                  RETENTION));
      assertThat(
              status(
                      context
                          .getBeanProvider(
                              ResolvableType.forClassWithGenerics(
                                  Supplier.class, BackupStatus.class))
                          .getObject())
                  .state())
          .isEqualTo(BackupStatus.State.OFF);
      assertThat(context.getBean(BackupEndpoint.class).backUpNow().getStatus()).isEqualTo(409);
    });

    assertThat(output).contains("Nothing is backed up: set liferaft.backup.target");
  }

  private static BackupStatus status(Object supplier) {
    return (BackupStatus) Objects.requireNonNull(((Supplier<?>) supplier).get());
  }

  @Test
  void takesEverySetting() {
    runner
        .withPropertyValues(
            TARGET,
            "liferaft.backup.second-target=file:/mnt/other/",
            "liferaft.backup.interval=3m",
            "liferaft.backup.format=plain",
            "liferaft.backup.compress=false",
            "liferaft.backup.timestamp=true",
            "liferaft.backup.vacuum=true",
            "liferaft.backup.on-stop-timeout=0s",
            "liferaft.backup.drill-interval=7d",
            "liferaft.backup.preflight=false",
            "liferaft.backup.rqlite-config=b.json",
            "liferaft.backup.retention.keep-all=2h",
            "liferaft.backup.retention.hourly=3",
            "liferaft.backup.retention.daily=4",
            "liferaft.backup.retention.weekly=5",
            "liferaft.backup.retention.monthly=6",
            "liferaft.backup.retention.minimum=7",
            "liferaft.backup.retention.delete=false",
            "liferaft.backup.retention.interval=8m")
        .run(context ->
            assertThat(context.getBean(BackupProperties.class))
                .isEqualTo(
                    new BackupProperties(
                        "s3://bucket/db.sqlite.gz",
                        "file:/mnt/other/",
                        Duration.ofMinutes(3),
                        "plain",
                        false,
                        true,
                        true,
                        Duration.ZERO,
                        Duration.ofDays(7),
                        false,
                        "b.json",
                        new BackupProperties.Retention(
                            Duration.ofHours(2), 3, 4, 5, 6, 7, false, Duration.ofMinutes(8)))));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "liferaft.backup.target=ftp://host/db, s3://bucket/liferaft.sqlite.gz",
        "liferaft.backup.target=s3://bucket, s3://bucket/key",
        "liferaft.backup.second-target=ftp://host/db, s3://bucket/liferaft.sqlite.gz",
        "liferaft.backup.second-target=s3://bucket/db, s3://bucket/liferaft.sqlite.gz",
        "liferaft.backup.format=zip, plain and archive",
        "liferaft.backup.interval=PT0S, 10s",
        "liferaft.backup.interval=PT0.003S, 10s",
        "liferaft.backup.drill-interval=PT0.024S, 24h",
        "liferaft.backup.on-stop-timeout=PT-1S, 20s",
        "liferaft.backup.retention.keep-all=PT-1S, 24h",
        "liferaft.backup.retention.hourly=-1, 48",
        "liferaft.backup.retention.daily=-1, 31",
        "liferaft.backup.retention.weekly=-1, 8",
        "liferaft.backup.retention.monthly=-1, 12",
        "liferaft.backup.retention.minimum=0, 10",
        "liferaft.backup.retention.interval=PT0S, 1h"
      })
  void refusesWithKeyValueAndAValidOne(String setting, String valid) {
    runner
        .withPropertyValues(setting)
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining(setting)
                .hasStackTraceContaining(valid));
  }

  @Configuration(proxyBeanMethods = false)
  @Import({ObjectStoreConfiguration.class, ArchiveConfiguration.class})
  static class Stores {
    @Bean
    FakeRaftNode node() {
      return new FakeRaftNode();
    }

    @Bean
    MeterRegistry registry() {
      return new SimpleMeterRegistry();
    }
  }

  @Test
  void aPreflightTriesTheKeysOfBothTargets(@TempDir Path folder) {
    new ApplicationContextRunner()
        .withUserConfiguration(BackupConfiguration.class, Stores.class)
        .withPropertyValues(
            "liferaft.backup.target=file:" + folder + "/",
            "liferaft.backup.second-target=file:" + folder + "/second/",
            "liferaft.backup.preflight=false",
            "liferaft.archive.encryption.key-id=k1",
            "liferaft.archive.encryption.keys.k1=file:" + folder + "/key")
        .run(context ->
            assertThat(
                    context
                        .getBean(BackupPreflight.class)
                        .tryNow(Duration.ZERO)
                        .orElseThrow()
                        .findings())
                .filteredOn(found -> found.result() == PreflightFinding.Result.PROBLEM)
                .filteredOn(found -> found.check().endsWith("key"))
                .extracting(PreflightFinding::check, PreflightFinding::detail)
                .containsExactly(
                    tuple("key", missing(folder)), tuple("second-key", missing(folder))));
  }

  private static String missing(Path folder) {
    return "Backups cannot be encrypted: liferaft.archive.encryption.keys.k1: there is no file "
        + folder.resolve("key");
  }

  /** Spring makes one value with a comma of the two. */
  @ParameterizedTest
  @ValueSource(strings = {"liferaft.backup.target", "liferaft.backup.second-target"})
  void refusesATargetThatIsGivenTwice(String setting) {
    new ApplicationContextRunner()
        .withUserConfiguration(BackupConfiguration.class, Stores.class)
        .withPropertyValues("liferaft.backup.target=file:/a/", setting + "=file:/b/,file:/c/")
        .run(context ->
            assertThat(context.getStartupFailure())
                .rootCause()
                .hasMessageContaining("(the second is 'file:/c/'): give one; valid are file:/dir/")
                .satisfies(cause ->
                    assertThat(context.getStartupFailure())
                        .hasStackTraceContaining(setting + "=file:/b/,file:/c/ is refused")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://user:secret@host/db", "s4://key:secret@bucket/"})
  void refusesAPlaceWithoutRepeatingItsPassword(String target) {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new BackupProperties(
                target,
                "",
                Duration.ofSeconds(10),
                "plain",
                true,
                false,
                false,
                Duration.ZERO,
                Duration.ZERO,
                false,
                "",
                RETENTION))
        .withMessageContaining(":xxxxx@")
        .withMessageNotContaining("secret");
  }

  @Test
  void refusesAPlaceThatIsNoneWithoutRepeatingItsPassword() {
    runner
        .withPropertyValues("liferaft.backup.target=s3://key:secret@bucket/")
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("liferaft.backup.target=s3://key:xxxxx@bucket/"));
  }

  @ParameterizedTest
  @CsvSource({
    "s3://bucket/folder/, plain, ends with a slash",
    "s3://bucket/folder.gz, archive, s3://bucket/liferaft/",
  })
  void refusesAFormatThatDoesNotFitTheTarget(String target, String format, String why) {
    runner
        .withPropertyValues("liferaft.backup.target=" + target, "liferaft.backup.format=" + format)
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("liferaft.backup.format=" + format)
                .hasStackTraceContaining(why));
  }

  @Test
  void refusesTimestampsInAnArchiveAndTellsItsFormatByTheTarget() {
    runner
        .withPropertyValues(
            "liferaft.backup.target=s3://bucket/folder/", "liferaft.backup.timestamp=true")
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("liferaft.backup.timestamp=true"));
    runner
        .withPropertyValues("liferaft.backup.target=s3://bucket/folder/")
        .run(context ->
            assertThat(context.getBean(BackupProperties.class).format()).isEqualTo("archive"));
  }

  @Test
  void troubleIsDegradedAndNeverUnreadiesTheNode() {
    runner
        .withPropertyValues(TARGET, "liferaft.backup.interval=1h")
        .run(context -> {
          context.getBean(FakeRaftNode.class).listen(context::publishEvent);
          HealthEndpoint health = context.getBean(HealthEndpoint.class);
          assertThat(status(health, "backup")).isEqualTo(Status.UP);
          context
              .getBean(FakeArchives.class)
              .open("s3://bucket/db.sqlite.gz", true)
              .failNext(Call.LATEST, Reason.ACCESS_DENIED, 1000);

          context.getBean(FakeRaftNode.class).write("a").lead();
          WebEndpointResponse<Map<String, Object>> answer =
              context.getBean(BackupEndpoint.class).backUpNow();

          assertThat(answer.getStatus()).isEqualTo(503);
          Status status = status(health, "backup");
          assertThat(status.getCode()).isEqualTo("DEGRADED");
          assertThat(health.health().getStatus()).isEqualTo(status);
          assertThat(
                  context
                      .getBean(HealthEndpointGroups.class)
                      .getPrimary()
                      .getHttpCodeStatusMapper()
                      .getStatusCode(status))
              .isEqualTo(200);
          assertThat(context.getBean(BackupEndpoint.class).backup())
              .containsEntry("state", BackupStatus.State.FAILING)
              .containsKeys("target", "problem", "results");
        });
  }

  @Test
  void aSuddenLossIsADetailOfTheHealthOnTheLeader() {
    runner
        .withPropertyValues(
            TARGET,
            "liferaft.backup.second-target=s3://other/db.sqlite.gz",
            "liferaft.backup.interval=1h")
        .run(context -> {
          FakeArchives archives = context.getBean(FakeArchives.class);
          archives.open("s3://bucket/db.sqlite.gz", true).holdsMany("first");
          archives.open("s3://other/db.sqlite.gz", true).holdsMany("second");
          FakeRaftNode node = context.getBean(FakeRaftNode.class);
          node.listen(context::publishEvent);
          node.write("a").lead();
          assertThat(context.getBean(BackupEndpoint.class).backUpNow().getStatus()).isEqualTo(200);

          BackupHealthIndicator indicator = context.getBean(BackupHealthIndicator.class);
          Health health = Objects.requireNonNull(indicator.health(true));
          assertThat(health.getStatus()).isEqualTo(Status.UP);
          assertThat(health.getDetails())
              .hasEntrySatisfying("loss", loss -> assertThat(loss).asString().contains("first"))
              .hasEntrySatisfying(
                  "secondLoss", loss -> assertThat(loss).asString().contains("second"));

          node.leader("n2");
          assertThat(Objects.requireNonNull(indicator.health(true)).getDetails())
              .doesNotContainKeys("loss", "secondLoss");
        });
  }

  @Test
  void backsUpNowOnTheLeader() {
    runner
        .withPropertyValues(TARGET, "liferaft.backup.interval=1h")
        .run(context -> {
          context.getBean(FakeRaftNode.class).listen(context::publishEvent);
          context.getBean(FakeRaftNode.class).write("a").lead();

          WebEndpointResponse<Map<String, Object>> answer =
              context.getBean(BackupEndpoint.class).backUpNow();

          assertThat(answer.getStatus()).isEqualTo(200);
          assertThat(answer.getBody()).containsKeys("result", "detail");
          assertThat(context.getBean(FakeRaftNode.class).state().backups()).hasSize(1);
          assertThat(
                  context.getBean(MeterRegistry.class).find("liferaft.backup.results").counters())
              .hasSize(BackupOutcome.Result.values().length);
        });
  }

  // --- the second target ---

  @ParameterizedTest
  @CsvSource({
    "s3://bucket/db.sqlite.gz, s3://bucket/db.sqlite.gz",
    "s3://bucket/db.sqlite.gz, s3://bucket/db.sqlite.gz/",
    "file:./db.sqlite.gz, file:/here/db.sqlite.gz",
    "file:/here/backups/, file:./backups/"
  })
  void refusesTheSamePlaceTwice(String target, String second) {
    runner
        .withPropertyValues(
            "liferaft.backup.target=" + target, "liferaft.backup.second-target=" + second)
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("liferaft.backup.second-target=" + second)
                .hasStackTraceContaining("s3://other-bucket/liferaft.sqlite.gz"));
  }

  @Test
  void refusesASecondPlaceThatIsNone() {
    runner
        .withPropertyValues(TARGET, "liferaft.backup.second-target=s3://bucket")
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("liferaft.backup.second-target=s3://bucket is refused"));
  }

  @Test
  void timestampsHaveAMeaningWhereOneOfTheTargetsIsPlain() {
    runner
        .withPropertyValues(
            "liferaft.backup.target=s3://bucket/folder/",
            "liferaft.backup.second-target=file:/mnt/db.sqlite.gz",
            "liferaft.backup.timestamp=true")
        .run(context -> assertThat(context).hasNotFailed());
    runner
        .withPropertyValues(
            "liferaft.backup.target=s3://bucket/folder/",
            "liferaft.backup.second-target=file:/mnt/folder/",
            "liferaft.backup.timestamp=true")
        .run(context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("liferaft.backup.timestamp=true"));
  }

  @Test
  void tellsNothingOfASecondTargetWhereThereIsNone() {
    runner
        .withPropertyValues(TARGET)
        .run(context -> {
          assertThat(context.getBean(BackupEndpoint.class).backup()).doesNotContainKey("second");
          MeterRegistry registry = context.getBean(MeterRegistry.class);
          assertThat(registry.getMeters())
              .noneMatch(meter -> meter.getId().getName().contains("second"));
        });
  }

  @Test
  void backsUpToBothAndTellsOfEach() {
    runner
        .withPropertyValues(
            TARGET,
            "liferaft.backup.second-target=file:/mnt/second.sqlite.gz",
            "liferaft.backup.interval=1h")
        .run(context -> {
          FakeRaftNode node = context.getBean(FakeRaftNode.class);
          node.listen(context::publishEvent);
          FakeArchives archives = context.getBean(FakeArchives.class);
          node.write("a").lead();
          BackupEndpoint endpoint = context.getBean(BackupEndpoint.class);

          WebEndpointResponse<Map<String, Object>> both = endpoint.backUpNow();

          assertThat(both.getStatus()).isEqualTo(200);
          assertThat(Objects.requireNonNull(both.getBody()).get("second"))
              .asInstanceOf(InstanceOfAssertFactories.MAP)
              .containsKeys("result", "detail");
          assertThat(node.state().backups()).hasSize(2);

          archives
              .open("file:/mnt/second.sqlite.gz", true)
              .failNext(Call.LATEST, Reason.UNAVAILABLE, 1000);
          node.write("b");
          WebEndpointResponse<Map<String, Object>> one = endpoint.backUpNow();

          assertThat(one.getStatus()).as("the first decides").isEqualTo(200);
          assertThat(Objects.requireNonNull(one.getBody()).get("second"))
              .asInstanceOf(InstanceOfAssertFactories.MAP)
              .containsEntry("result", "failed");
          assertThat(endpoint.backup().get("second"))
              .asInstanceOf(InstanceOfAssertFactories.MAP)
              .containsEntry("state", BackupStatus.State.FAILING)
              .containsEntry("target", "file:/mnt/second.sqlite.gz")
              .containsKeys("last", "lastChangeIndex", "problem", "failuresInARow");
          assertThat(endpoint.backup()).doesNotContainKey("problem");
          HealthEndpoint health = context.getBean(HealthEndpoint.class);
          assertThat(status(health, "backup").getCode()).isEqualTo("DEGRADED");
          MeterRegistry registry = context.getBean(MeterRegistry.class);
          context.getBean(BackupGauges.class).bindTo(registry);
          assertThat(registry.get("liferaft.backup.change.lag").gauge().value()).isZero();
          assertThat(registry.get("liferaft.backup.second.change.lag").gauge().value())
              .isPositive();
          assertThat(registry.get("liferaft.backup.second.age").gauge().value())
              .isGreaterThanOrEqualTo(0);
          assertThat(registry.get("liferaft.backup.second.stopped").gauge().value()).isZero();
          assertThat(counted(registry, "liferaft.backup.second.results", "failed")).isPositive();
          assertThat(counted(registry, "liferaft.backup.results", "failed")).isZero();
        });
  }

  private static double counted(MeterRegistry registry, String name, String result) {
    return registry.get(name).tag("result", result).counter().count();
  }

  /** One hangs for as long as it likes: the other's last backup is made within the same limit. */
  @ParameterizedTest
  @ValueSource(strings = {"s3://bucket/db.sqlite.gz", "file:/mnt/second.sqlite.gz"})
  void eachMakesItsLastBackupOnACleanStopWhileTheOtherHangs(String hanging) {
    FakeArchives[] archives = new FakeArchives[1];
    runner
        .withPropertyValues(
            TARGET,
            "liferaft.backup.second-target=file:/mnt/second.sqlite.gz",
            "liferaft.backup.on-stop-timeout=2s",
            "liferaft.backup.interval=1h")
        .run(context -> {
          archives[0] = context.getBean(FakeArchives.class);
          FakeRaftNode node = context.getBean(FakeRaftNode.class);
          node.listen(context::publishEvent);
          node.lead();
          node.write("a");
          archives[0].open(hanging, true).beforeVisible(BackupConfigurationTests::hang);
        });

    assertThat(archives[0].open(hanging, true).stored()).isEmpty();
    String other =
        hanging.startsWith("s3:") ? "file:/mnt/second.sqlite.gz" : "s3://bucket/db.sqlite.gz";
    assertThat(archives[0].open(other, true).stored()).isPresent();
  }

  private static void hang() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("given up", e);
    }
  }

  @Test
  void aFollowerSaysWhoLeads() {
    runner
        .withPropertyValues(TARGET)
        .run(context -> {
          FakeRaftNode node = context.getBean(FakeRaftNode.class);
          node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").leader("n2");

          WebEndpointResponse<Map<String, Object>> answer =
              context.getBean(BackupEndpoint.class).backUpNow();

          assertThat(answer.getStatus()).isEqualTo(409);
          assertThat(answer.getBody())
              .containsEntry("leader", "n2")
              .containsEntry("leaderHttpAddress", "n2:4001");
        });
  }

  private static Status status(HealthEndpoint health, String path) {
    return Objects.requireNonNull(health.healthForPath(path)).getStatus();
  }
}
