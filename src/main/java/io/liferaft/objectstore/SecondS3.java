package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreProperties.SecondS3Settings;
import java.net.URI;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * The way to the bucket of {@code liferaft.backup.second-target} where that has region and
 * credentials of its own: whoever opens an address in this bucket goes it, backups, restores and
 * commands. The client is made when it is first asked for. Safe for use by many threads.
 */
final class SecondS3 implements AutoCloseable {

  static final String PREFIX = "liferaft.objectstore.second-s3.";

  private static final String FIRST = "liferaft.backup.target";
  private static final String SECOND = "liferaft.backup.second-target";

  private final @Nullable String bucket;
  private final ObjectStoreProperties properties;
  private @Nullable S3Client client;

  /**
   * @param bucket null when none has a way of its own
   */
  private SecondS3(@Nullable String bucket, ObjectStoreProperties properties) {
    this.bucket = bucket;
    this.properties = properties;
  }

  /** Whether the second target has a way of its own. */
  static boolean given(Environment environment) {
    return !environment.getProperty(PREFIX + "region", "").isBlank();
  }

  /**
   * As the settings say.
   *
   * @throws IllegalArgumentException when they are of no use for the targets there are
   */
  static SecondS3 of(Environment environment, ObjectStoreProperties properties) {
    SecondS3Settings settings = properties.secondS3();
    if (settings.isEmpty()) {
      return new SecondS3(null, properties);
    }
    String second = bucket(environment.getProperty(SECOND, ""));
    if (second == null) {
      throw new IllegalArgumentException(
          PREFIX
              + "region="
              + settings.region()
              + " is of no use: "
              + SECOND
              + " is not set to an address like s3://bucket/prefix/");
    }
    if (second.equals(bucket(environment.getProperty(FIRST, "")))) {
      throw new IllegalArgumentException(
          "%s and %s both name the bucket %s, which %sregion=%s makes another one for the second: a bucket of another name is wanted, for example s3://%s-2/prefix/"
              .formatted(FIRST, SECOND, second, PREFIX, settings.region(), second));
    }
    return new SecondS3(second, properties);
  }

  /** Null for what is no address in S3; who reads it refuses what is wrong with it. */
  private static @Nullable String bucket(String address) {
    if (!address.strip().regionMatches(true, 0, "s3:", 0, 3)) {
      return null;
    }
    try {
      return ObjectStores.parse(address).container();
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static S3Client make(ObjectStoreProperties properties) {
    SecondS3Settings settings = properties.secondS3();
    S3ClientBuilder builder =
        S3Client.builder()
            .region(Region.of(settings.region()))
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(settings.accessKey(), settings.secretKey())))
            .forcePathStyle(settings.pathStyleAccessEnabled());
    if (!settings.endpoint().isEmpty()) {
      builder.endpointOverride(URI.create(settings.endpoint()));
    }
    ObjectStoreConfiguration.configure(builder, properties.s3(), properties.way());
    return builder.build();
  }

  /** Whether a bucket is reached this way. */
  boolean leadsTo(String name) {
    return name.equals(bucket);
  }

  /** The clients with this one beside the first target's. */
  ObjectStores.Clients beside(Supplier<@Nullable S3Client> first) {
    return new ObjectStores.Clients() {
      @Override
      public @Nullable S3Client of(String name) {
        return leadsTo(name) ? client() : first.get();
      }

      @Override
      public String credentialsSetting(String name) {
        return leadsTo(name)
            ? PREFIX + "access-key"
            : ObjectStores.Clients.super.credentialsSetting(name);
      }
    };
  }

  synchronized S3Client client() {
    if (client == null) {
      client = make(properties);
    }
    return client;
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.close();
      client = null;
    }
  }
}
