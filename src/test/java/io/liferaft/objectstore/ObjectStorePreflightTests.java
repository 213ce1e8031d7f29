package io.liferaft.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.objectstore.ObjectStoreProperties.Checksums;
import io.liferaft.objectstore.PreflightFinding.Result;
import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import io.liferaft.support.S3Server.S3Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

@TestInstance(Lifecycle.PER_CLASS)
class ObjectStorePreflightTests {

  private static final String ARCHIVE = "s3://backups/of/liferaft/";
  private static final ObjectStoreProperties.S3 SETTINGS =
      ObjectStoreProperties.S3.of(
          Checksums.WHEN_REQUIRED,
          Duration.ofSeconds(3),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30));

  // Somebody on the way takes the conditions off, which the signature covers.
  private final S3Server server = S3Server.startUnsigned("backups");
  private final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private final S3Client client =
      client(
          StaticCredentialsProvider.create(
              AwsBasicCredentials.create(server.accessKey(), server.secretKey())));

  private S3Client client(AwsCredentialsProvider credentials) {
    S3ClientBuilder builder =
        S3Client.builder()
            .endpointOverride(faulty.endpoint())
            .region(Region.of(server.region()))
            .credentialsProvider(credentials)
            .forcePathStyle(true);
    ObjectStoreConfiguration.configure(builder, SETTINGS, new HttpProxy("", List.of()));
    return builder.build();
  }

  @AfterEach
  void heal() {
    faulty.heal();
    faulty.ignoreConditions(false);
    faulty.forgetRequests();
  }

  @AfterAll
  void stop() {
    client.close();
    faulty.close();
    server.close();
  }

  private List<PreflightFinding> findings(String target) {
    return findings(target, client, InstantSource.system());
  }

  private List<PreflightFinding> findings(
      String target, @Nullable S3Client with, InstantSource clock) {
    return new ObjectStores(_ -> with, SETTINGS, clock)
        .preflight(ObjectStores.parse(target), true, true, "n1");
  }

  private static Map<String, PreflightFinding> byCheck(List<PreflightFinding> findings) {
    return findings.stream().collect(Collectors.toMap(PreflightFinding::check, f -> f));
  }

  private static PreflightFinding of(String check, List<PreflightFinding> findings) {
    PreflightFinding found = byCheck(findings).get(check);
    assertThat(found).as(check + " of " + findings).isNotNull();
    return java.util.Objects.requireNonNull(found);
  }

  private static List<String> problems(List<PreflightFinding> findings) {
    return findings.stream()
        .filter(f -> f.result() == Result.PROBLEM)
        .map(PreflightFinding::check)
        .toList();
  }

  @Test
  void findsNothingWrongAndLeavesNothingBehind() {
    List<PreflightFinding> findings = findings(ARCHIVE);

    assertThat(findings).extracting(PreflightFinding::result).containsOnly(Result.OK);
    assertThat(findings)
        .extracting(PreflightFinding::check)
        .containsExactly(
            "credentials",
            "endpoint",
            "bucket",
            "put",
            "clock",
            "get",
            "conditions",
            "list",
            "delete",
            "multipart");
    assertThat(of("credentials", findings).detail())
        .contains("spring.cloud.aws.credentials")
        .doesNotContain(server.accessKey());
    assertThat(of("endpoint", findings).detail())
        .contains("eu-central-1", faulty.endpoint().toString(), "path style", "when-required");
    assertThat(faulty.requests())
        .extracting(S3Request::key)
        .containsOnly("", "of/liferaft/preflight.n1");
    assertThat(faulty.requests()).hasSizeLessThan(16);
    try (S3Client direct = server.client()) {
      assertThat(direct.listObjectsV2(b -> b.bucket("backups")).contents()).isEmpty();
      assertThat(direct.listMultipartUploads(b -> b.bucket("backups")).uploads()).isEmpty();
    }
  }

  @Test
  void staysBesideTheOneObjectAndTakesItsListAndDeleteForNoNeed() {
    faulty.when("DELETE").key("db.sqlite.gz.preflight.n1").answer(403, "AccessDenied");
    faulty.when("GET").query("list-type").answer(403, "AccessDenied");

    List<PreflightFinding> findings =
        new ObjectStores(_ -> client, SETTINGS, InstantSource.system())
            .preflight(ObjectStores.parse("s3://backups/db.sqlite.gz"), true, false, "n1");

    assertThat(of("delete", findings).result()).isEqualTo(Result.NOTE);
    assertThat(of("list", findings).result()).isEqualTo(Result.NOTE);
    // Its multipart upload cannot be given up either, and that is a need.
    assertThat(problems(findings)).containsExactly("multipart");
    faulty.heal();
    try (S3Client direct = server.client()) {
      direct.deleteObject(b -> b.bucket("backups").key("db.sqlite.gz.preflight.n1"));
      direct
          .listMultipartUploads(b -> b.bucket("backups"))
          .uploads()
          .forEach(u ->
              direct.abortMultipartUpload(
                  b -> b.bucket("backups").key(u.key()).uploadId(u.uploadId())));
    }
  }

  @Test
  void saysWhatToGrantWhereItIsDenied() {
    faulty.when("PUT").answer(403, "AccessDenied");
    faulty.when("HEAD").key("").answer(403, "");

    List<PreflightFinding> findings = findings(ARCHIVE);

    assertThat(problems(findings)).containsExactly("bucket", "put");
    assertThat(of("put", findings).advice())
        .contains("s3:PutObject")
        .contains("arn:aws:s3:::backups/of/liferaft/*");
    assertThat(of("bucket", findings).advice()).contains("s3:ListBucket on arn:aws:s3:::backups,");
    assertThat(of("get", findings).result()).isEqualTo(Result.SKIPPED);
    faulty.heal();
    faulty.when("DELETE").query("uploadId").answer(403, "AccessDenied");
    assertThat(problems(findings(ARCHIVE))).containsExactly("multipart");
    try (S3Client direct = server.client()) {
      direct
          .listMultipartUploads(b -> b.bucket("backups"))
          .uploads()
          .forEach(u ->
              direct.abortMultipartUpload(
                  b -> b.bucket("backups").key(u.key()).uploadId(u.uploadId())));
    }
  }

  @Test
  void noticesAStoreWithoutConditions() {
    faulty.ignoreConditions(true);
    assertThat(of("conditions", findings(ARCHIVE)).result()).isEqualTo(Result.NOTE);
    faulty.ignoreConditions(false);
    // The first put has no condition.
    faulty
        .when("PUT")
        .and(request -> !request.header("If-None-Match").isEmpty())
        .answer(501, "NotImplemented");

    List<PreflightFinding> findings = findings(ARCHIVE);

    assertThat(of("conditions", findings).result()).isEqualTo(Result.NOTE);
    assertThat(problems(findings)).isEmpty();
  }

  @Test
  void comparesTheClocks() {
    InstantSource late = InstantSource.offset(InstantSource.system(), Duration.ofMinutes(-7));
    InstantSource alittle = InstantSource.offset(InstantSource.system(), Duration.ofSeconds(40));

    assertThat(of("clock", findings(ARCHIVE, client, late)))
        .satisfies(f -> assertThat(f.result()).isEqualTo(Result.PROBLEM))
        .satisfies(f -> assertThat(f.advice()).contains("NTP"));
    assertThat(of("clock", findings(ARCHIVE, client, alittle)).result()).isEqualTo(Result.NOTE);
  }

  @Test
  void seesWhatIsNotThereOrDoesNotAnswer() {
    assertThat(of("bucket", findings("s3://no-such-bucket/liferaft/")))
        .satisfies(f -> assertThat(f.result()).isEqualTo(Result.PROBLEM))
        .satisfies(f -> assertThat(f.detail()).contains("no such bucket"));
    faulty.when("*").answer(500, "InternalError");
    assertThat(problems(findings(ARCHIVE))).containsExactly("bucket", "put", "multipart");
    try (S3Client nobody =
        client(() -> {
          throw SdkClientException.create("Unable to load credentials from any provider");
        })) {
      assertThat(of("credentials", findings(ARCHIVE, nobody, InstantSource.system())).advice())
          .contains("spring.cloud.aws.credentials.access-key");
    }
    assertThat(findings(ARCHIVE, null, InstantSource.system()))
        .singleElement()
        .satisfies(f -> assertThat(f.result()).isEqualTo(Result.PROBLEM));
  }

  @Test
  void findsWhatABodyHasLost() {
    faulty.when("GET").key("of/liferaft/preflight.n1").cutAnswerAt(3);

    assertThat(problems(findings(ARCHIVE))).containsExactly("get");
  }

  @Test
  void triesADirectoryToo(@TempDir Path folder) throws IOException {
    String target = "file:" + folder + "/";

    List<PreflightFinding> findings = findings(target);

    assertThat(findings).extracting(PreflightFinding::result).containsOnly(Result.OK);
    assertThat(findings)
        .extracting(PreflightFinding::check)
        .containsExactly("directory", "put", "clock", "get", "conditions", "list", "delete");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.map(p -> p.getFileName().toString()).filter(n -> n.contains("preflight")))
          .isEmpty();
    }
    assertThat(problems(findings(target + "db.sqlite.gz"))).isEmpty();
  }

  @Test
  void makesNoDirectory(@TempDir Path folder) {
    Path missing = folder.resolve("not/mounted");
    ObjectStores stores = new ObjectStores(_ -> null, SETTINGS, () -> Instant.EPOCH);

    List<PreflightFinding> alone =
        stores.preflight(ObjectStores.parse("file:" + missing + "/"), true, true, "n1");
    List<PreflightFinding> shared =
        stores.preflight(ObjectStores.parse("file:" + missing + "/"), false, true, "n1");

    assertThat(alone).extracting(PreflightFinding::result).containsExactly(Result.NOTE);
    assertThat(shared).extracting(PreflightFinding::result).containsExactly(Result.PROBLEM);
    assertThat(shared.getFirst().advice()).contains("Mount");
    assertThat(missing).doesNotExist();
    assertThat(folder.resolve("not")).doesNotExist();
  }
}
