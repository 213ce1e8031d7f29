package io.liferaft.objectstore;

import static io.liferaft.objectstore.ObjectStoreContract.assertReason;
import static io.liferaft.objectstore.ObjectStoreContract.read;
import static io.liferaft.objectstore.ObjectStoreContract.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectStoreProperties.Checksums;
import io.liferaft.support.OtherS3Server;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * The contract over another make of S3 server than the one of the other tests. Where this one gives
 * up an upload in parts it deletes the object of the same name as well, which is its own mistake:
 * what the contract tries with such uploads is tried with single requests here. Nor is its look at
 * a condition one with the write.
 */
@TestInstance(Lifecycle.PER_CLASS)
class OtherS3ServerIT implements ObjectStoreContract {

  private static final String BUCKET = "backups";
  private static final ObjectStoreProperties.S3 SETTINGS =
      ObjectStoreProperties.S3.of(
          Checksums.WHEN_REQUIRED,
          Duration.ofSeconds(3),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30));

  private OtherS3Server server;
  private S3Client client;

  @BeforeAll
  void start(@TempDir Path folder) {
    server = OtherS3Server.start(folder, BUCKET);
    S3ClientBuilder builder =
        S3Client.builder()
            .endpointOverride(server.endpoint())
            .region(Region.US_EAST_1)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any")))
            .forcePathStyle(true);
    ObjectStoreConfiguration.configure(builder, SETTINGS, new HttpProxy("", List.of()));
    client = builder.build();
  }

  @AfterEach
  void emptyTheBucket() {
    store().list("").forEach(object -> store().delete(object.key()));
  }

  @AfterAll
  void stop() {
    client.close();
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

  @Override
  @Test
  public void leavesNothingWhenTheWriterFails() throws IOException {
    store().put("k", Map.of("n", "1"), ALWAYS, text("one"));

    assertReason(
        Reason.UNAVAILABLE,
        () ->
            store()
                .put(
                    "k",
                    Map.of(),
                    ALWAYS,
                    _ -> {
                      throw new IOException("disk");
                    }));

    assertThat(read(store(), "k")).isEqualTo("one");
    assertThat(store().list("")).extracting(ObjectInfo::key).containsExactly("k");
  }

  @Override
  @Test
  public void putsOnlyWhenAbsent() throws IOException {
    store().put("k", Map.of(), new PutCondition.IfAbsent(), text("one"));

    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("k", Map.of(), new PutCondition.IfAbsent(), text("two")));

    assertThat(read(store(), "k")).isEqualTo("one");
  }

  @Override
  @Test
  public void putsOnlyWhenUnchanged() throws IOException {
    String etag = store().put("k", Map.of(), ALWAYS, text("one")).etag();
    store().put("k", Map.of(), new PutCondition.IfMatch(etag), text("two"));

    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("k", Map.of(), new PutCondition.IfMatch(etag), text("three")));
    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("gone", Map.of(), new PutCondition.IfMatch(etag), text("three")));

    assertThat(read(store(), "k")).isEqualTo("two");
  }

  @Override
  @Test
  public void letsOneOfManyFirstWritersWin() throws Exception {
    assertThat(winners(new PutCondition.IfAbsent())).isPositive();
  }

  @Test
  void passesThePreflight() {
    assertThat(
            new ObjectStores(_ -> client, SETTINGS, InstantSource.system())
                .preflight(ObjectStores.parse("s3://backups/of/"), true, true, "n1"))
        .noneMatch(finding -> finding.result() == PreflightFinding.Result.PROBLEM);
  }
}
