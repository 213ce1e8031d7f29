package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreProperties.Checksums;
import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** The contract over an S3 server that refuses something, as a rule of the subclass says. */
@TestInstance(Lifecycle.PER_CLASS)
abstract class RefusingS3Contract implements ObjectStoreContract {

  static final String BUCKET = "backups";
  static final ObjectStoreProperties.S3 SETTINGS = settings(Checksums.WHEN_REQUIRED);

  private final S3Server server = S3Server.start(BUCKET);
  final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private final S3Client client = client(Checksums.WHEN_REQUIRED);

  private static ObjectStoreProperties.S3 settings(Checksums checksums) {
    return ObjectStoreProperties.S3.of(
        checksums, Duration.ofSeconds(3), Duration.ofSeconds(10), Duration.ofSeconds(30));
  }

  final S3Client client(Checksums checksums) {
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
}
