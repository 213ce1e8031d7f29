package io.liferaft.objectstore;

import static io.liferaft.objectstore.ObjectStoreContract.ALWAYS;
import static io.liferaft.objectstore.ObjectStoreContract.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectStoreProperties.Checksums;
import io.liferaft.objectstore.ObjectStoreProperties.ServerSideEncryption;
import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import java.io.InputStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** Server-side encryption. The server here knows none, so its headers are taken off on the way. */
@TestInstance(Lifecycle.PER_CLASS)
class S3EncryptionTests {

  private static final String BUCKET = "backups";
  private static final String KIND = "x-amz-server-side-encryption";
  private static final String KEY = KIND + "-aws-kms-key-id";
  private static final String BUCKET_KEY = KIND + "-bucket-key-enabled";
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final S3Server server = S3Server.startUnsigned(BUCKET);
  private final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private final S3Client client = server.client(faulty.endpoint());

  @AfterEach
  void heal() {
    faulty.heal();
    faulty.forgetRequests();
    faulty.ignoreHeaders();
  }

  @AfterAll
  void stop() {
    client.close();
    faulty.close();
    server.close();
  }

  private static ObjectStoreProperties.S3 settings(
      ServerSideEncryption kind, String key, boolean bucketKey) {
    return new ObjectStoreProperties.S3(
        Checksums.WHEN_REQUIRED, LIMIT, LIMIT, LIMIT, kind, key, bucketKey);
  }

  private ObjectStore store(ServerSideEncryption kind, String key, boolean bucketKey) {
    return new S3ObjectStore(
        client, BUCKET, settings(kind, key, bucketKey), InstantSource.system(), 5 << 20);
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, '', true, '', '', ''",
    "SSE_S3, '', true, AES256, '', ''",
    "SSE_KMS, '', true, aws:kms, '', true",
    "SSE_KMS, alias/backups, false, aws:kms, alias/backups, false",
    "SSE_KMS_DSSE, alias/backups, true, aws:kms:dsse, alias/backups, ''"
  })
  void asksForItWithEveryRequestThatMakesAnObject(
      ServerSideEncryption kind,
      String key,
      boolean bucketKey,
      String sentKind,
      String sentKey,
      String sentBucketKey) {
    faulty.ignoreHeaders(KIND, KEY, BUCKET_KEY);
    ObjectStore store = store(kind, key, bucketKey);

    store.put("small", Map.of(), ALWAYS, text("one"));
    store.put("big", Map.of(), ALWAYS, out -> out.write(new byte[9 << 20]));
    store.copy("small", "small-copy");
    store.copy("big", "big-copy");

    List<S3Server.S3Request> making =
        faulty.requests().stream()
            .filter(r ->
                r.method().equals("POST")
                    ? r.query().startsWith("uploads")
                    : r.method().equals("PUT") && !r.query().contains("partNumber"))
            .toList();
    assertThat(making)
        .extracting(r -> r.method() + " " + r.key())
        .containsExactly("PUT small", "POST big", "PUT small-copy", "POST big-copy");
    assertThat(making)
        .allSatisfy(request -> {
          assertThat(request.header(KIND)).isEqualTo(sentKind);
          assertThat(request.header(KEY)).isEqualTo(sentKey);
          assertThat(request.header(BUCKET_KEY)).isEqualTo(sentBucketKey);
        });
    assertThat(faulty.requests())
        .filteredOn(request -> !making.contains(request))
        .allSatisfy(request -> assertThat(request.header(KIND)).isEmpty());
    assertThat(store.list("")).hasSizeGreaterThanOrEqualTo(4);
  }

  /** Its etag is no MD5 then. */
  @ParameterizedTest
  @EnumSource(Checksums.class)
  void takesAnEtagThatIsNoHashForWhatItIs(Checksums checksums) throws Exception {
    ObjectStoreProperties.S3 settings =
        new ObjectStoreProperties.S3(
            checksums, LIMIT, LIMIT, LIMIT, ServerSideEncryption.SSE_KMS, "", true);
    S3ClientBuilder builder =
        S3Client.builder()
            .endpointOverride(faulty.endpoint())
            .region(software.amazon.awssdk.regions.Region.of(server.region()))
            .credentialsProvider(
                software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider.create())
            .forcePathStyle(true);
    ObjectStoreConfiguration.configure(builder, settings, new HttpProxy("", List.of()));
    String etag = "ETag: \"00000000000000000000000000000000\"";
    faulty.when("PUT").key("k").answer(200, "", etag, KIND + ": aws:kms");
    faulty.when("GET").key("k").answer(200, "Body", etag, KIND + ": aws:kms");
    try (S3Client own = builder.build()) {
      ObjectStore store = new S3ObjectStore(own, BUCKET, settings, InstantSource.system());

      String told = store.put("k", Map.of(), ALWAYS, text("one")).etag();

      assertThat(told).isEqualTo("\"00000000000000000000000000000000\"");
      try (InputStream in = store.get("k", 0, told)) {
        assertThat(in.readAllBytes()).isNotEmpty();
      }
    }
  }

  @Test
  void saysThatTheStoreDoesNotEncryptSo() {
    for (int bytes : new int[] {10, 9 << 20}) {
      for (PutCondition condition : List.of(ALWAYS, new PutCondition.IfAbsent())) {
        assertThatExceptionOfType(ObjectStoreException.class)
            .isThrownBy(() ->
                store(ServerSideEncryption.SSE_KMS, "", true)
                    .put("none", Map.of(), condition, out -> out.write(new byte[bytes])))
            .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CONFIGURATION))
            .withMessageContaining("the store does not encrypt as it is asked to")
            .withMessageContaining("Server-side encryption is not supported")
            .withMessageContaining("liferaft.objectstore.s3.server-side-encryption");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "400, KMS.DisabledException, '', CONFIGURATION, is disabled",
    "400, KMS.NotFoundException, '', CONFIGURATION, is not there in the bucket's region",
    "400, KMS.KMSInvalidStateException, '', CONFIGURATION, waits for its deletion",
    "403, AccessDenied, 'User x is not authorized to perform: kms:GenerateDataKey on y',"
        + " ACCESS_DENIED, grant kms:GenerateDataKey and kms:Decrypt",
    "403, AccessDenied, 'The ciphertext refers to a customer master key that does not exist',"
        + " ACCESS_DENIED, grant kms:GenerateDataKey and kms:Decrypt",
    "503, KMS.ThrottlingException, '', UNAVAILABLE, AWS KMS is not available",
    "400, InvalidArgument, 'The encryption method specified is not supported', CONFIGURATION,"
        + " liferaft.objectstore.s3.server-side-encryption",
    "501, NotImplemented, '', CONFIGURATION, liferaft.objectstore.s3.server-side-encryption"
  })
  void saysWhatIsWrongWithTheKey(
      int status, String code, String text, Reason reason, String sentence) {
    faulty.when("PUT").key("k").refuse(status, code, text);
    faulty.when("GET").key("k").refuse(status, code, text);
    ObjectStore store = store(ServerSideEncryption.SSE_KMS, "", true);

    Stream.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
            () -> store.put("k", Map.of(), ALWAYS, text("one")),
            () -> store.get("k", 0, null).close())
        .forEach(request ->
            assertThatExceptionOfType(ObjectStoreException.class)
                .isThrownBy(request)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason))
                .withMessageContaining(sentence)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("s3:ListBucket")));
  }
}
