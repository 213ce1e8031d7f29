package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.awspring.cloud.autoconfigure.s3.S3ClientCustomizer;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStores;
import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import io.liferaft.support.S3Server.S3Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.core.env.Environment;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * The contract over a real S3 server, with a network between that fails; once with a client that
 * repeats what failed, as it does unless it is told otherwise, and once with one that does not.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("ArchiveFaultsOverS3Tests")
class ArchiveFaultsOverS3Tests implements FaultyArchiveContract {

  /** Less than any body has, and more than none. */
  private static final int MID_BODY = 100;

  private final S3Server server = S3Server.start();
  private final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private final S3Client direct = server.client();
  private final Map<Client, ConfigurableApplicationContext> applications =
      new EnumMap<>(Map.of(Client.REPEATS, started(4), Client.TRIES_ONCE, started(1)));
  private int buckets;
  @TempDir Path root;

  /** More than S3Upload's first part. */
  private static final int CHUNKS_OF_TWO_PARTS = 130;

  /** What the client does with a request that failed. */
  enum Client {
    REPEATS,
    TRIES_ONCE
  }

  /** How a request fails. */
  enum Failure {
    RESET_BEFORE,
    CUT_UPLOAD,
    CUT_DOWNLOAD,
    ANSWER_LOST,
    CARRIED_OUT_BUT_500,
    SLOW_DOWN;

    boolean can(S3Request request) {
      return switch (this) {
        case CUT_UPLOAD -> request.method().equals("PUT");
        case CUT_DOWNLOAD -> request.method().equals("GET");
        case RESET_BEFORE, ANSWER_LOST, CARRIED_OUT_BUT_500, SLOW_DOWN -> true;
      };
    }

    /** Who does not try again sees a refusal as it sees a request that never arrived. */
    boolean differs(Client client) {
      return this != SLOW_DOWN || client == Client.REPEATS;
    }

    void happenTo(FaultyS3.When request) {
      switch (this) {
        case RESET_BEFORE -> request.reset();
        case CUT_UPLOAD -> request.cutRequestAt(MID_BODY);
        case CUT_DOWNLOAD -> request.cutAnswerAt(MID_BODY);
        case ANSWER_LOST -> request.loseAnswer();
        case CARRIED_OUT_BUT_500 -> request.carryOutButAnswer(500, "InternalError");
        case SLOW_DOWN -> request.answer(503, "SlowDown");
      }
    }
  }

  @EnableAutoConfiguration
  @ComponentScan({"io.liferaft.objectstore", "io.liferaft.archive"})
  static class Application {

    /** Without the waits. */
    @Bean
    S3ClientCustomizer attempts(Environment environment) {
      int attempts = environment.getRequiredProperty("test.attempts", Integer.class);
      return builder ->
          builder.overrideConfiguration(
              builder.overrideConfiguration().toBuilder()
                  .retryStrategy(
                      AwsRetryStrategy.standardRetryStrategy().toBuilder()
                          .maxAttempts(attempts)
                          .backoffStrategy(BackoffStrategy.retryImmediately())
                          .throttlingBackoffStrategy(BackoffStrategy.retryImmediately())
                          .circuitBreakerEnabled(false)
                          .build())
                  .build());
    }
  }

  private ConfigurableApplicationContext started(int attempts) {
    List<String> settings = new ArrayList<>(server.nodeSettings(faulty.endpoint()));
    settings.add("management.endpoint.health.validate-group-membership=false");
    settings.add("liferaft.backup.target=s3://backups/");
    settings.add("test.attempts=" + attempts);
    return new SpringApplicationBuilder(Application.class)
        .web(WebApplicationType.NONE)
        .run(settings.stream().map(setting -> "--" + setting).toArray(String[]::new));
  }

  @AfterAll
  void stop() {
    applications.values().forEach(ConfigurableApplicationContext::close);
    direct.close();
    faulty.close();
    server.close();
  }

  private final class Bucket implements Place {

    private final Client client;
    private final Failure failure;
    private final String name;
    private final ObjectStore store;
    private String keys = "";

    /** Those that can fail, as the client tells them apart; a repetition keeps its id. */
    private final Set<String> asked = new LinkedHashSet<>();

    private volatile boolean failed;

    Bucket(Client client, Failure failure) {
      this.client = client;
      this.failure = failure;
      // The server looks at the whole bucket to list a part of it.
      this.name = "backups-" + ++buckets;
      var _ = direct.createBucket(b -> b.bucket(name));
      this.store =
          Objects.requireNonNull(applications.get(client))
              .getBean(ObjectStores.class)
              .open(ObjectStores.parse("s3://" + name + "/"), false);
    }

    /** Only requests for keys that contain this fail. */
    Bucket only(String part) {
      keys = part;
      return this;
    }

    @Override
    public ObjectStore store() {
      return store;
    }

    @Override
    public void fail(int number) {
      asked.clear();
      failed = false;
      failure.happenTo(faulty.when("*").and(request -> isFirst(request, number)).times(1));
    }

    /** Ranges are fetched by several threads. */
    private synchronized boolean isFirst(S3Request request, int number) {
      if (!failure.can(request)
          || !request.key().contains(keys)
          || !asked.add(request.header("amz-sdk-invocation-id"))) {
        return false;
      }
      boolean now = asked.size() == number;
      failed |= now;
      return now;
    }

    @Override
    public boolean failed() {
      return failed;
    }

    @Override
    public boolean everyRequest() {
      return failure != Failure.CUT_UPLOAD && failure != Failure.CUT_DOWNLOAD;
    }

    @Override
    public void heal() {
      faulty.heal();
    }

    @Override
    public long unfinished() {
      return direct.listMultipartUploads(b -> b.bucket(name)).uploads().size();
    }

    @Override
    public String toString() {
      return failure + ", client " + client;
    }
  }

  /** A pack that is more than one request. */
  @ParameterizedTest
  @MethodSource("places")
  void aBackupInParts(Place place) throws IOException {
    int number = 1;
    boolean reached = true;
    while (reached) {
      ArchiveStory story = story(place, "parts" + number, CHUNKS_OF_TWO_PARTS);
      reached =
          FaultyArchiveContract.standsBackup(
              ((Bucket) place).only("/packs/"), number++, story, story::interval);
    }
    if (place.everyRequest()) {
      assertThat(number - 2).as("POST, PUT, PUT, POST").isEqualTo(4);
    }
  }

  @Override
  public Stream<Place> places() {
    return Stream.of(Client.values())
        .flatMap(client ->
            Stream.of(Failure.values())
                .filter(failure -> failure.differs(client))
                .map(failure -> new Bucket(client, failure)));
  }

  @Override
  public Path folder() {
    return root;
  }
}
