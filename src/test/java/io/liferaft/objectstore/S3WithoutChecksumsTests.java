package io.liferaft.objectstore;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.objectstore.ObjectStoreProperties.Checksums;
import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import io.liferaft.support.S3Server.S3Request;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * A store that refuses every request with one of the newer checksums, as some compatible ones do.
 */
@TestInstance(Lifecycle.PER_CLASS)
class S3WithoutChecksumsTests implements ObjectStoreContract {

  private static final String BUCKET = "backups";
  private static final ObjectStoreProperties.S3 SETTINGS = settings(Checksums.WHEN_REQUIRED);

  private final S3Server server = S3Server.start(BUCKET);
  private final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private final S3Client client = client(Checksums.WHEN_REQUIRED);

  private static ObjectStoreProperties.S3 settings(Checksums checksums) {
    return ObjectStoreProperties.S3.of(
        checksums, Duration.ofSeconds(3), Duration.ofSeconds(10), Duration.ofSeconds(30));
  }

  private S3Client client(Checksums checksums) {
    S3ClientBuilder builder =
        S3Client.builder()
            .endpointOverride(faulty.endpoint())
            .region(Region.of(server.region()))
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(server.accessKey(), server.secretKey())))
            .forcePathStyle(true);
    ObjectStoreConfiguration.configure(builder, settings(checksums), new HttpProxy("", List.of()));
    return builder.build();
  }

  @BeforeAll
  void refuse() {
    faulty.when("*").and(S3WithoutChecksumsTests::summed).answer(501, "NotImplemented");
  }

  @AfterEach
  void emptyTheBucket() {
    store().list("").forEach(object -> store().delete(object.key()));
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

  private static boolean summed(S3Request request) {
    return request.head().stream()
        .map(line -> line.toLowerCase(Locale.ROOT))
        .anyMatch(line ->
            line.startsWith("x-amz-checksum")
                || line.startsWith("x-amz-trailer")
                || line.startsWith("x-amz-sdk-checksum"));
  }

  @Test
  void saysWhichSettingToTakeBackWhereTheyAreAskedFor() {
    try (S3Client summing = client(Checksums.WHEN_SUPPORTED)) {
      ObjectStore store = new S3ObjectStore(summing, BUCKET, SETTINGS, InstantSource.system());

      assertThatExceptionOfType(ObjectStoreException.class)
          .isThrownBy(() -> store.put("k", Map.of(), ALWAYS, ObjectStoreContract.text("one")))
          .withMessageContaining("liferaft.objectstore.s3.checksums");
    }
  }
}
