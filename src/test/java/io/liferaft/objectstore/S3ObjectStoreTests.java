package io.liferaft.objectstore;

import static io.liferaft.objectstore.ObjectStoreContract.assertReason;
import static io.liferaft.objectstore.ObjectStoreContract.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectStoreProperties.Checksums;
import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import io.liferaft.support.S3Server.S3Request;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.MultipartUpload;

@TestInstance(Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("S3ObjectStoreTests")
class S3ObjectStoreTests implements ObjectStoreContract {

  private static final String BUCKET = "backups";
  private static final ObjectStoreProperties.S3 SETTINGS = settings(Checksums.WHEN_REQUIRED);

  private final S3Server server = S3Server.start(BUCKET);
  private final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private final S3Client client = client(SETTINGS, faulty.endpoint(), credentials("right"));

  private static ObjectStoreProperties.S3 settings(Checksums checksums) {
    return ObjectStoreProperties.S3.of(
        checksums, Duration.ofSeconds(3), Duration.ofSeconds(10), Duration.ofSeconds(30));
  }

  private AwsCredentialsProvider credentials(String which) {
    return StaticCredentialsProvider.create(
        AwsBasicCredentials.create(
            server.accessKey(), which.equals("right") ? server.secretKey() : which));
  }

  private S3Client client(
      ObjectStoreProperties.S3 settings, URI endpoint, AwsCredentialsProvider credentials) {
    S3ClientBuilder builder =
        S3Client.builder()
            .endpointOverride(endpoint)
            .region(Region.of(server.region()))
            .credentialsProvider(credentials)
            .forcePathStyle(true);
    ObjectStoreConfiguration.configure(builder, settings, new HttpProxy("", List.of()));
    return builder.build();
  }

  @AfterEach
  void emptyTheBucket() {
    faulty.heal();
    try (S3Client direct = server.client()) {
      direct
          .listObjectsV2Paginator(b -> b.bucket(BUCKET))
          .contents()
          .forEach(object -> direct.deleteObject(b -> b.bucket(BUCKET).key(object.key())));
      direct
          .listMultipartUploads(b -> b.bucket(BUCKET))
          .uploads()
          .forEach(u ->
              direct.abortMultipartUpload(
                  b -> b.bucket(BUCKET).key(u.key()).uploadId(u.uploadId())));
    }
    server.forgetRequests();
    faulty.forgetRequests();
  }

  @AfterAll
  void stop() {
    client.close();
    faulty.close();
    server.close();
  }

  @Override
  public ObjectStore store() {
    return new S3ObjectStore(client, BUCKET, SETTINGS, InstantSource.system());
  }

  @Override
  public ObjectStore missingStore() {
    return new S3ObjectStore(client, "no-such-bucket", SETTINGS, InstantSource.system());
  }

  private long uploadsUnderWay() {
    try (S3Client direct = server.client()) {
      return direct.listMultipartUploads(b -> b.bucket(BUCKET)).uploads().size();
    }
  }

  @Test
  void putsWhatFitsWithOneRequestAndTheRestInParts() {
    store().put("exact", Map.of(), ALWAYS, out -> out.write(new byte[8 << 20]));
    store().put("more", Map.of(), ALWAYS, out -> out.write(new byte[(8 << 20) + 1]));

    assertThat(faulty.requests().stream().filter(r -> r.key().equals("exact")))
        .extracting(S3Request::method)
        .containsExactly("PUT");
    assertThat(faulty.requests().stream().filter(r -> r.key().equals("more")))
        .extracting(S3Request::method)
        .containsExactly("POST", "PUT", "PUT", "POST");
    assertThat(uploadsUnderWay()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"1, 8", "1000, 8", "1001, 16", "2001, 32", "10000, 64"})
  void growsPartsSoThatTenThousandLast(int number, int mebibytes) {
    assertThat(S3Upload.partBytes(number, Long.MAX_VALUE)).isEqualTo(mebibytes << 20);
    assertThat(S3Upload.partBytes(number, 5L << 40)).isEqualTo(mebibytes << 20);
  }

  /** Cloudflare R2 refuses an upload with parts of different sizes. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 8 << 20, 20_000_000_000L, 83_886_080_000L})
  void partsAreOfOneSizeWhereItIsKnownWhatComes(long mostBytes) {
    assertThat(S3Upload.partBytes(1, mostBytes)).isEqualTo(8 << 20);
    assertThat(S3Upload.partBytes(S3Upload.MAX_PARTS, mostBytes)).isEqualTo(8 << 20);
  }

  @Test
  void equalPartsOfWhatIsLargerAreLarger() {
    long mostBytes = 200_000_000_000L;

    int part = S3Upload.partBytes(1, mostBytes);

    assertThat(S3Upload.partBytes(S3Upload.MAX_PARTS, mostBytes)).isEqualTo(part);
    assertThat((long) part * S3Upload.MAX_PARTS).isBetween(mostBytes, mostBytes + (1 << 20));
  }

  /** The writer knows a bound, or none, and tells the truth, or not. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 100, (8 << 20) + 5, Long.MAX_VALUE})
  void aBoundOnlySaysHowMuchRoomToMake(long mostBytes) throws IOException {
    byte[] bytes = new byte[(8 << 20) + 5];
    new Random(7).nextBytes(bytes);
    ObjectWriter writer =
        new ObjectWriter() {
          @Override
          public void writeTo(OutputStream out) throws IOException {
            out.write(bytes, 0, 5);
            out.write(bytes, 5, bytes.length - 5);
          }

          @Override
          public long mostBytes() {
            return mostBytes;
          }
        };

    ObjectInfo stored = store().put("k", Map.of(), new PutCondition.Always(), writer);

    assertThat(stored.sizeBytes()).isEqualTo(bytes.length);
    try (InputStream in = store().get("k", 0, null)) {
      assertThat(in.readAllBytes()).isEqualTo(bytes);
    }
  }

  @ParameterizedTest
  @EnumSource(Checksums.class)
  void putsWithEitherKindOfChecksum(Checksums checksums) throws IOException {
    ObjectStoreProperties.S3 settings = settings(checksums);
    byte[] content = new byte[9 << 20];
    new Random(2).nextBytes(content);
    try (S3Client own = client(settings, server.endpoint(), credentials("right"))) {
      ObjectStore store = new S3ObjectStore(own, BUCKET, settings, InstantSource.system());

      store.put("small", Map.of(), ALWAYS, text("one"));
      store.put("big", Map.of(), ALWAYS, out -> out.write(content));

      try (InputStream in = store.get("big", 0, null)) {
        assertThat(in.readAllBytes()).isEqualTo(content);
      }
    }
  }

  @Test
  void goesThroughAProxyButForHostsThatNeedNone() throws IOException {
    String proxy = "http://me:p%40ss@127.0.0.1:" + faulty.endpoint().getPort();
    URI elsewhere = URI.create("http://store.invalid:8333");
    try (S3Client through = through(new HttpProxy(proxy, List.of("other.invalid")), elsewhere);
        S3Client past = through(new HttpProxy(proxy, List.of(".invalid")), elsewhere)) {
      ObjectStore store = new S3ObjectStore(through, BUCKET, SETTINGS, InstantSource.system());

      store.put("proxied", Map.of(), ALWAYS, text("one"));

      assertThat(ObjectStoreContract.read(store, "proxied")).isEqualTo("one");
      assertThat(faulty.requests())
          .extracting(request -> request.header("Proxy-Authorization"))
          .containsOnly("Basic bWU6cEBzcw==");
      assertThat(store().head("proxied")).isPresent();
      assertReason(
          Reason.UNAVAILABLE,
          () -> new S3ObjectStore(past, BUCKET, SETTINGS, InstantSource.system()).head("proxied"));
    }
  }

  private S3Client through(HttpProxy proxy, URI endpoint) {
    S3ClientBuilder builder =
        S3Client.builder()
            .endpointOverride(endpoint)
            .region(Region.of(server.region()))
            .credentialsProvider(credentials("right"))
            .forcePathStyle(true)
            .overrideConfiguration(o -> o.retryStrategy(r -> r.maxAttempts(1)));
    ObjectStoreConfiguration.configure(builder, SETTINGS, proxy);
    return builder.build();
  }

  @Test
  void storesBytesWithoutAContentType() {
    store().put("k", Map.of(), ALWAYS, text("one"));

    try (S3Client direct = server.client()) {
      assertThat(direct.headObject(b -> b.bucket(BUCKET).key("k")).contentType())
          .isEqualTo("application/octet-stream");
    }
  }

  @Test
  void abortsTheUploadWhenTheWriterFails() {
    for (Throwable thrown :
        new Throwable[] {
          new IOException("io"), new IllegalStateException(), new StackOverflowError()
        }) {
      assertThatExceptionOfType(Throwable.class)
          .isThrownBy(() ->
              store()
                  .put(
                      "k",
                      Map.of(),
                      ALWAYS,
                      out -> {
                        out.write(new byte[9 << 20]);
                        switch (thrown) {
                          case IOException e -> throw e;
                          case RuntimeException e -> throw e;
                          default -> throw (Error) thrown;
                        }
                      }));
    }

    assertThat(faulty.requests()).filteredOn(r -> r.method().equals("DELETE")).hasSize(3);
    assertThat(uploadsUnderWay()).isZero();
    assertThat(store().list("")).isEmpty();
  }

  @Test
  void abortsTheUploadWhenAPartOrTheCompletionFails() {
    faulty.when("PUT").query("partNumber=2").answer(500, "InternalError");
    assertReason(
        Reason.UNAVAILABLE,
        () -> store().put("k", Map.of(), ALWAYS, out -> out.write(new byte[20 << 20])));
    faulty.heal();
    faulty.when("POST").query("uploadId").answer(403, "AccessDenied");
    assertReason(
        Reason.ACCESS_DENIED,
        () -> store().put("k", Map.of(), ALWAYS, out -> out.write(new byte[20 << 20])));

    assertThat(uploadsUnderWay()).isZero();
    assertThat(store().list("")).isEmpty();
  }

  @Test
  void asksTheWriterWhenOnlyTheLastRequestIsMissing() {
    for (int size : new int[] {1, (8 << 20) + 1}) {
      faulty.forgetRequests();
      ObjectWriter undecided =
          new ObjectWriter() {
            @Override
            public void writeTo(OutputStream out) throws IOException {
              out.write(new byte[size]);
            }

            @Override
            public void beforeVisible() throws IOException {
              assertThat(faulty.requests().stream().filter(r -> r.query().contains("partNumber=")))
                  .hasSize(size == 1 ? 0 : 2);
              throw new IOException("not any more");
            }
          };

      assertReason(Reason.UNAVAILABLE, () -> store().put("k", Map.of(), ALWAYS, undecided));
    }

    assertThat(store().list("")).isEmpty();
    assertThat(uploadsUnderWay()).isZero();
  }

  @Test
  void givesUpTheUnfinishedUploadsOfOneKey() {
    try (S3Client direct = server.client()) {
      for (String key : List.of("k", "k", "k2")) {
        direct.createMultipartUpload(b -> b.bucket(BUCKET).key(key));
      }

      assertThat(store().abortUploads("k")).isEqualTo(2);

      assertThat(direct.listMultipartUploads(b -> b.bucket(BUCKET)).uploads())
          .extracting(MultipartUpload::key)
          .containsExactly("k2");
      assertThat(store().abortUploads("k2")).isEqualTo(1);
    }
    assertThat(store().abortUploads("k")).isZero();
  }

  @Test
  void repeatsAPartThatWasCut() {
    faulty.when("PUT").query("partNumber=1").times(1).cutRequestAt(1 << 20);

    store().put("k", Map.of(), ALWAYS, out -> out.write(new byte[10 << 20]));

    assertThat(store().head("k").orElseThrow().sizeBytes()).isEqualTo(10 << 20);
  }

  @Test
  void looksWhereTheStoreKnowsNoConditionalWrites() {
    PutCondition absent = new PutCondition.IfAbsent();
    ObjectWriter big = out -> out.write(new byte[9 << 20]);
    faulty.when("PUT").key("small").times(1).answer(501, "NotImplemented");
    String small = store().put("small", Map.of(), absent, text("one")).etag();
    faulty.when("POST").key("big").query("uploadId").times(1).answer(501, "NotImplemented");
    String large = store().put("big", Map.of(), absent, big).etag();
    faulty.when("PUT").key("small").times(3).answer(501, "NotImplemented");

    assertReason(
        Reason.PRECONDITION_FAILED, () -> store().put("small", Map.of(), absent, text("two")));
    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("small", Map.of(), new PutCondition.IfMatch(large), text("two")));
    store().put("small", Map.of(), new PutCondition.IfMatch(small), text("three"));
    faulty.when("PUT").key("gone").times(1).answer(501, "NotImplemented");
    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("gone", Map.of(), new PutCondition.IfMatch(small), text("four")));

    assertThat(store().list("")).extracting(ObjectInfo::sizeBytes).containsExactly(9L << 20, 5L);
  }

  @Test
  void takesNotModifiedOfAWriteForARefusedCondition() {
    store().put("k", Map.of(), ALWAYS, text("one"));
    faulty.when("PUT").key("k").times(1).answer(304, "");

    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("k", Map.of(), new PutCondition.IfAbsent(), text("two")));
  }

  @Test
  void explainsForbidden() {
    faulty.when("HEAD").answer(403, "");
    faulty.when("GET").answer(403, "AccessDenied");

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> store().head("k"))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.ACCESS_DENIED))
        .withMessageContaining("s3://backups/k")
        .withMessageContaining("s3:ListBucket");
    assertReason(Reason.ACCESS_DENIED, () -> store().get("k", 0, null).close());
    assertReason(Reason.ACCESS_DENIED, () -> store().list(""));
  }

  @Test
  void refusesWrongCredentialsWithoutTellingThem() {
    try (S3Client wrong = client(SETTINGS, server.endpoint(), credentials("wrong-secret"))) {
      ObjectStore store = new S3ObjectStore(wrong, BUCKET, SETTINGS, InstantSource.system());

      assertThatExceptionOfType(ObjectStoreException.class)
          .isThrownBy(() -> store.put("k", Map.of(), ALWAYS, text("one")))
          .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.ACCESS_DENIED))
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("wrong-secret"));
    }
  }

  @Test
  void takesADeleteMarkerForAnError() {
    faulty.when("HEAD").key("k").answer(404, "", "x-amz-delete-marker: true");

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> store().head("k"))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND))
        .withMessageContaining("delete marker");
  }

  @Test
  void doesNotTakeAFailingBucketForAnEmptyOne() {
    faulty.when("HEAD").key("").answer(403, "");
    assertReason(Reason.ACCESS_DENIED, () -> store().head("k"));
    faulty.heal();
    faulty.when("HEAD").key("").answer(500, "");
    assertReason(Reason.UNAVAILABLE, () -> store().head("k"));
  }

  @Test
  void calls500And503Unavailable() {
    faulty.when("HEAD").key("a").answer(500, "");
    faulty.when("HEAD").key("b").answer(503, "SlowDown");
    faulty.when("GET").key("c").answer(503, "SlowDown");

    assertReason(Reason.UNAVAILABLE, () -> store().head("a"));
    assertReason(Reason.UNAVAILABLE, () -> store().head("b"));
    assertReason(Reason.UNAVAILABLE, () -> store().get("c", 0, null).close());
  }

  @Test
  void waitsForAnAnswerNoLongerThanAllowed() {
    faulty.when("HEAD").key("silent").delay(Duration.ofMinutes(1));
    Duration most = Duration.ofSeconds(1);
    for (ObjectStoreProperties.S3 hasty :
        List.of(
            ObjectStoreProperties.S3.of(
                Checksums.WHEN_REQUIRED, most, Duration.ofMillis(100), Duration.ofMinutes(1)),
            ObjectStoreProperties.S3.of(
                Checksums.WHEN_REQUIRED, most, Duration.ofMinutes(1), most))) {
      try (S3Client own = client(hasty, faulty.endpoint(), credentials("right"))) {
        ObjectStore store = new S3ObjectStore(own, BUCKET, hasty, InstantSource.system());
        Instant start = Instant.now();

        assertReason(Reason.UNAVAILABLE, () -> store.head("silent"));

        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(30));
      }
    }
  }

  @Test
  void saysUnavailableWhileTheStoreIsDownAndGoesOnAfterwards() {
    store().put("k", Map.of(), ALWAYS, text("one"));
    faulty.stop();
    try {
      assertReason(Reason.UNAVAILABLE, () -> store().head("k"));
      assertReason(Reason.UNAVAILABLE, () -> store().put("k", Map.of(), ALWAYS, text("two")));
    } finally {
      faulty.start();
    }

    assertThat(store().head("k")).isPresent();
  }

  @Test
  void throwsWhenABodyIsCut() throws IOException {
    store().put("k", Map.of(), ALWAYS, out -> out.write(new byte[1 << 20]));
    faulty.when("GET").key("k").cutAnswerAt(100_000);

    try (InputStream in = store().get("k", 0, null)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(in::readAllBytes)
          .withMessageContaining("s3://backups/k")
          .withMessageContaining("100000 of 1048576");
    }
  }

  @Test
  void saysWhichRegionIsRight() {
    faulty.when("HEAD").answer(301, "", "x-amz-bucket-region: us-west-2");

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> store().head("k"))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CONFIGURATION))
        .withMessageContaining("us-west-2")
        .withMessageContaining("spring.cloud.aws.region.static");
  }

  @Test
  void namesTheSettingsWhenThereAreNoCredentials() {
    AwsCredentialsProvider none =
        () -> {
          throw SdkClientException.create("Unable to load credentials from any of the providers");
        };
    try (S3Client bare = client(SETTINGS, server.endpoint(), none)) {
      ObjectStore store = new S3ObjectStore(bare, BUCKET, SETTINGS, InstantSource.system());

      assertThatExceptionOfType(ObjectStoreException.class)
          .isThrownBy(() -> store.head("k"))
          .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CONFIGURATION))
          .withMessageContaining("spring.cloud.aws.credentials.access-key");
    }
  }

  @Test
  void copiesInPartsWhatIsTooBigForOneRequest() throws IOException {
    byte[] content = new byte[12 << 20];
    new Random(3).nextBytes(content);
    store().put("k", Map.of("n", "1"), ALWAYS, out -> out.write(content));
    ObjectStore copying =
        new S3ObjectStore(client, BUCKET, SETTINGS, InstantSource.system(), 5 << 20);

    copying.copy("k", "kept");

    assertThat(store().head("kept").orElseThrow().metadata()).containsEntry("n", "1");
    try (InputStream in = store().get("kept", 0, null)) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
    assertThat(faulty.requests())
        .filteredOn(r -> r.key().equals("kept") && r.query().contains("partNumber"))
        .hasSize(3);
    assertThat(faulty.count("GET", "k")).isZero();
  }

  @Test
  void listsMoreThanOnePage() {
    try (S3Client direct = server.client()) {
      for (int i = 0; i < 1001; i++) {
        String key = "p%04d".formatted(i);
        direct.putObject(b -> b.bucket(BUCKET).key(key), RequestBody.fromString("x"));
      }
    }

    assertThat(store().list("p")).hasSize(1001);
  }
}
