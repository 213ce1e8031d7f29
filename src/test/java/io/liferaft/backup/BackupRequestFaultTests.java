package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.awspring.cloud.autoconfigure.s3.S3ClientCustomizer;
import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.backup.BackupOutcome.Result;
import io.liferaft.backup.BackupStatus.State;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.support.FakeDatabase;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.FaultyS3;
import io.liferaft.support.ManualClock;
import io.liferaft.support.S3Server;
import io.liferaft.support.S3Server.S3Request;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Every request of a backup round fails in every way, one after the other: real scheduler, real
 * client, real server, and a network between them that counts to the request that is to fail.
 */
@TestInstance(Lifecycle.PER_CLASS)
@ExtendWith(OutputCaptureExtension.class)
class BackupRequestFaultTests {

  private static final String BUCKET = "backups";
  private static final String KEY = "nodes/db.sqlite";
  private static final byte[] FOREIGN = FakeDatabase.holding("foreign");

  private final S3Server server = S3Server.start(BUCKET);
  private final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private final S3Client direct = server.client();
  private final ConfigurableApplicationContext application = started();

  /** Logical requests of a round so far; the client repeats one under the same id. */
  private final Set<String> asked = Collections.synchronizedSet(new LinkedHashSet<>());

  @EnableAutoConfiguration
  @ComponentScan({"io.liferaft.objectstore", "io.liferaft.archive"})
  static class Application {

    /** Repeats as often as ever, but without the waits. */
    @Bean
    S3ClientCustomizer impatience() {
      return builder ->
          builder.overrideConfiguration(
              builder.overrideConfiguration().toBuilder()
                  .retryStrategy(
                      AwsRetryStrategy.standardRetryStrategy().toBuilder()
                          .backoffStrategy(BackoffStrategy.retryImmediately())
                          .throttlingBackoffStrategy(BackoffStrategy.retryImmediately())
                          .circuitBreakerEnabled(false)
                          .build())
                  .build());
    }
  }

  private ConfigurableApplicationContext started() {
    List<String> settings = new ArrayList<>(server.nodeSettings(faulty.endpoint()));
    settings.add("management.endpoint.health.validate-group-membership=false");
    settings.add("liferaft.backup.target=s3://" + BUCKET + "/" + KEY);
    return new SpringApplicationBuilder(Application.class)
        .web(WebApplicationType.NONE)
        .run(settings.stream().map(setting -> "--" + setting).toArray(String[]::new));
  }

  @AfterEach
  void empty() {
    faulty.heal();
    faulty.forgetRequests();
    asked.clear();
    deleteObjects();
    server.forgetRequests();
  }

  private void deleteObjects() {
    direct
        .listObjectsV2(b -> b.bucket(BUCKET))
        .contents()
        .forEach(object -> direct.deleteObject(b -> b.bucket(BUCKET).key(object.key())));
  }

  @AfterAll
  void stop() {
    application.close();
    direct.close();
    faulty.close();
    server.close();
  }

  /** How a request fails. */
  enum Failure {
    INTERNAL_ERROR,
    ACCESS_DENIED,
    SLOW_DOWN,
    /** It takes effect, and nobody is told. */
    ANSWER_LOST,
    /** As before, but the client's next attempt gets its answer. */
    FIRST_ANSWER_LOST;

    void happenTo(FaultyS3.When requests) {
      switch (this) {
        case INTERNAL_ERROR -> requests.answer(500, "InternalError");
        case ACCESS_DENIED -> requests.answer(403, "AccessDenied");
        case SLOW_DOWN -> requests.answer(503, "SlowDown");
        case ANSWER_LOST -> requests.loseAnswer();
        case FIRST_ANSWER_LOST -> requests.times(1).loseAnswer();
      }
    }
  }

  /** What a round finds and does, with the requests it takes. */
  enum Round {
    FIRST("HEAD object, HEAD bucket, PUT, GET unfinished uploads", 4),
    NEXT("PUT with If-Match", 1),
    NEXT_IN_PARTS("POST, PUT, PUT, POST with If-Match", 4),
    OVER_FOREIGN("HEAD, HEAD, HEAD kept, HEAD bucket, HEAD, PUT copy, HEAD, PUT, GET", 9);

    private final int requests;

    Round(String which, int requests) {
      assertThat(which.split(",")).hasSize(requests);
      this.requests = requests;
    }

    boolean inParts() {
      return this == NEXT_IN_PARTS;
    }

    boolean hasPredecessor() {
      return this == NEXT || inParts();
    }
  }

  static Stream<Arguments> rounds() {
    return Stream.of(Round.values())
        .flatMap(round -> Stream.of(Failure.values()).map(failure -> Arguments.of(round, failure)));
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void everyRequestOfARound(Round round, Failure failure, CapturedOutput output) {
    int failing = 1;
    while (failsThenSucceeds(round, failure, failing, output)) {
      empty();
      failing++;
    }
    assertThat(failing - 1).as("requests of the round").isEqualTo(round.requests);
  }

  /** False when the round has no such request any more. */
  private boolean failsThenSucceeds(
      Round round, Failure failure, int failing, CapturedOutput output) {
    Story story = new Story(round);
    String row = round + ", " + failure + " of request " + failing;
    byte @Nullable [] before = stored();
    long warnings = warnings(output);
    failure.happenTo(faulty.when("*").and(request -> ordinal(request) == failing));

    BackupOutcome outcome = story.scheduler.tick();

    if (asked.size() < failing) {
      assertThat(outcome.result()).as(row).isEqualTo(Result.OK);
      return false;
    }
    assertThat(stored()).as(row + ": nothing partial is visible").isIn(before, story.database());
    switch (outcome.result()) {
      case FAILED -> {
        assertThat(story.scheduler.status().state()).as(row).isEqualTo(State.FAILING);
        assertThat(story.scheduler.status().problem()).as(row).contains("s3://" + BUCKET);
        assertThat(story.degraded()).as(row).isTrue();
        assertThat(story.count(Result.FAILED)).as(row).isEqualTo(1);
        assertThat(story.scheduler.tick().detail()).as(row).contains("waits");
      }
      case OK, RECORDED -> assertThat(story.degraded()).as(row).isFalse();
      case SKIPPED, REFUSED, STOPPED -> throw new AssertionError(row + ": " + outcome);
    }
    assertThat(warnings(output) - warnings)
        .as(row + ": one warning a cause")
        .isEqualTo(outcome.result() == Result.FAILED ? 1 : 0);

    faulty.heal();
    story.clock.advance(Duration.ofMinutes(2));
    assertThat(story.scheduler.tick().result())
        .as(row + ": the next interval")
        .isIn(Result.OK, Result.RECORDED, Result.SKIPPED);
    assertThat(story.degraded()).as(row).isFalse();
    assertThat(stored()).as(row + ": the right object").isEqualTo(story.database());
    assertThat(story.recorded().etag()).as(row).isEqualTo(etag());
    assertThat(story.recorded().changeIndex()).as(row).isEqualTo(story.changeIndex());
    assertThat(story.uploads()).as(row + ": made visible").isEqualTo(1);
    if (failure == Failure.FIRST_ANSWER_LOST) {
      // The upload that nobody was told of is found by the next term.
      story.node.write("more").lead();
      assertThat(story.scheduler.tick().result()).as(row).isEqualTo(Result.OK);
    }
    assertThat(direct.listMultipartUploads(b -> b.bucket(BUCKET)).uploads()).as(row).isEmpty();
    assertThat(keys()).as(row).hasSize(round == Round.OVER_FOREIGN ? 2 : 1);
    if (round == Round.OVER_FOREIGN) {
      String kept = keys().stream().filter(key -> !key.equals(KEY)).findFirst().orElseThrow();
      assertThat(bytes(kept)).as(row + ": the foreign object is kept").isEqualTo(FOREIGN);
    }
    return true;
  }

  private int ordinal(S3Request request) {
    String id = request.header("amz-sdk-invocation-id");
    assertThat(id).isNotEmpty();
    synchronized (asked) {
      asked.add(id);
      return new ArrayList<>(asked).indexOf(id) + 1;
    }
  }

  static Stream<RuntimeException> entriesThatFail() {
    return Stream.of(
        new CommitUnknownException("not committed within 10 s", null),
        new NotLeaderException("n1 does not lead"),
        new NotReadyException("store not open", Duration.ofSeconds(1)),
        new IllegalStateException("a fault"));
  }

  @ParameterizedTest
  @MethodSource("entriesThatFail")
  void theEntryThatRecordsABackup(RuntimeException failure) {
    Story story = new Story(Round.FIRST);
    story.node.failNextRecord(failure);

    assertThat(story.scheduler.tick().result()).isIn(Result.SKIPPED, Result.FAILED);
    assertThat(stored()).isEqualTo(story.database());
    story.clock.advance(Duration.ofMinutes(2));

    assertThat(story.scheduler.tick().result()).isEqualTo(Result.RECORDED);
    assertThat(story.uploads()).isEqualTo(1);
    assertThat(story.recorded().etag()).isEqualTo(etag());
    assertThat(story.degraded()).isFalse();
  }

  /** Trailers are what other stores refuse; rqlite's users found out with R2 and B2. */
  @Test
  void sendsNoTrailersAndNoChecksumsThatOnlyAwsKnows() {
    for (Round round : Round.values()) {
      assertThat(new Story(round).scheduler.tick().result()).isEqualTo(Result.OK);
      deleteObjects();
    }

    List<S3Request> writes =
        faulty.requests().stream().filter(r -> r.method().matches("PUT|POST")).toList();
    assertThat(writes).anyMatch(r -> r.query().contains("partNumber=2"));
    assertThat(writes).anyMatch(r -> r.method().equals("POST") && r.query().contains("uploadId="));
    assertThat(writes).anyMatch(r -> !r.header("x-amz-copy-source").isEmpty());
    assertThat(writes)
        .allSatisfy(request -> {
          assertThat(String.join("\n", request.head()).toLowerCase(java.util.Locale.ROOT))
              .doesNotContain("x-amz-trailer")
              .doesNotContain("x-amz-sdk-checksum-algorithm")
              .doesNotContain("x-amz-checksum-")
              .doesNotContain("aws-chunked")
              .doesNotContain("streaming-");
        });
    assertThat(writes)
        .filteredOn(r -> r.method().equals("PUT") && r.header("x-amz-copy-source").isEmpty())
        .allSatisfy(request -> assertThat(request.header("Content-MD5")).isNotEmpty());
  }

  private byte @Nullable [] stored() {
    try {
      return bytes(KEY);
    } catch (NoSuchKeyException _) {
      return null;
    }
  }

  private byte[] bytes(String key) {
    return direct.getObjectAsBytes(b -> b.bucket(BUCKET).key(key)).asByteArray();
  }

  private String etag() {
    return direct.headObject(b -> b.bucket(BUCKET).key(KEY)).eTag();
  }

  private List<String> keys() {
    return direct.listObjectsV2(b -> b.bucket(BUCKET)).contents().stream()
        .map(S3Object::key)
        .toList();
  }

  private static long warnings(CapturedOutput output) {
    return output
        .getOut()
        .lines()
        .filter(line -> line.contains("WARN") && line.contains("Backup failed"))
        .count();
  }

  /** A node that leads and has to make the backup of a round. */
  private final class Story {

    private final ManualClock clock = new ManualClock();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final FakeRaftNode node =
        new FakeRaftNode()
            .restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 0));
    private final BackupArchive archive =
        application.getBean(BackupArchives.class).open("s3://" + BUCKET + "/" + KEY, false);
    private final BackupScheduler scheduler =
        new BackupScheduler(
            TargetRole.FIRST,
            new BackupProperties(
                "s3://" + BUCKET + "/" + KEY,
                "",
                Duration.ofSeconds(10),
                "plain",
                false,
                false,
                false,
                Duration.ofSeconds(20),
                Duration.ZERO,
                false,
                "",
                BackupConfigurationTests.RETENTION),
            archive,
            node,
            clock,
            new Random(1),
            new BackupMetrics(registry, TargetRole.FIRST),
            new CopySource(node, null, null));

    Story(Round round) {
      node.listen(event -> scheduler.on(event));
      node.lead();
      Random random = new Random(7);
      if (round == Round.OVER_FOREIGN) {
        var _ = direct.putObject(b -> b.bucket(BUCKET).key(KEY), RequestBody.fromBytes(FOREIGN));
      }
      if (round.hasPredecessor()) {
        node.write("before");
        assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
        assertThat(scheduler.tick().result()).isEqualTo(Result.SKIPPED);
      }
      byte[] content = new byte[round.inParts() ? (8 << 20) + 1 : 1 << 10];
      random.nextBytes(content);
      node.write(content);
      asked.clear();
      server.forgetRequests();
    }

    byte[] database() {
      return node.database();
    }

    long changeIndex() {
      return node.state().changeIndex();
    }

    BackupRecord recorded() {
      Map<String, BackupRecord> backups = node.state().backups();
      return Objects.requireNonNull(backups.get(archive.fingerprint()));
    }

    boolean degraded() {
      return new BackupHealthIndicator(
              scheduler, new SecondTarget(null), () -> null, new ClusterVerification(node, archive))
          .health()
          .getStatus()
          .equals(BackupHealthIndicator.DEGRADED);
    }

    double count(Result result) {
      return registry.get("liferaft.backup.results").tag("result", result.tag()).counter().count();
    }

    /** How many uploads were made visible since the story began; one may be completed twice. */
    long uploads() {
      return server.requests().stream()
          .filter(r -> r.key().equals(KEY) && r.status() == 200)
          .filter(r ->
              r.method().equals("PUT")
                  ? !r.query().contains("partNumber=")
                  : r.method().equals("POST") && r.query().contains("uploadId="))
          .map(r -> r.method().equals("PUT") ? new Object() : r.query())
          .distinct()
          .count();
    }
  }
}
