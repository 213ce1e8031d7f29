package io.liferaft.objectstore;

import io.liferaft.go.GoUrl;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the object stores. Region, endpoint, path style and credentials of S3 are Spring
 * Cloud AWS' own: {@code spring.cloud.aws.*}.
 *
 * @param s3 settings of S3
 * @param secondS3 way to the bucket of the second target, where that has one of its own
 * @param kms settings of AWS KMS, where a key of archives is in it
 * @param proxy address of the HTTP proxy for S3 and AWS KMS, for example http://proxy:3128 or
 *     http://user:password@proxy:3128; by default what the AWS SDK finds by itself, for example in
 *     the system property http.proxyHost
 * @param noProxy hosts that are reached without it, for example *.internal; by default none
 * @param uploadRate bytes a second that are written to the stores at the most, at least 64KB; by
 *     default as fast as it goes
 * @param downloadRate bytes a second that are read from the stores at the most, at least 64KB; by
 *     default as fast as it goes
 */
@ConfigurationProperties(prefix = "liferaft.objectstore", ignoreUnknownFields = false)
record ObjectStoreProperties(
    @DefaultValue S3 s3,
    @DefaultValue SecondS3Settings secondS3,
    @DefaultValue Kms kms,
    @DefaultValue("") String proxy,
    @DefaultValue List<String> noProxy,
    @DefaultValue("0B") DataSize uploadRate,
    @DefaultValue("0B") DataSize downloadRate) {

  private static final DataSize LOWEST_RATE = DataSize.ofKilobytes(64);

  ObjectStoreProperties {
    noProxy = List.copyOf(noProxy);
    if (!proxy.isEmpty() && !proxy.matches("https?://([^/@]+@)?[A-Za-z0-9.\\[\\]:_-]+:\\d+/?")) {
      throw new IllegalArgumentException(
          "liferaft.objectstore.proxy="
              + GoUrl.redacted(proxy)
              + " is no address of a proxy: a valid one is http://proxy:3128");
    }
    requireRate("upload-rate", uploadRate);
    requireRate("download-rate", downloadRate);
  }

  private static void requireRate(String name, DataSize rate) {
    if (rate.toBytes() != 0 && rate.compareTo(LOWEST_RATE) < 0) {
      throw new IllegalArgumentException(
          "liferaft.objectstore.%s=%s is less than 64KB a second (a number without a unit means bytes): a valid one is 10MB, or 0B for no limit"
              .formatted(name, rate));
    }
  }

  private static void requireAddress(String name, String endpoint, String valid) {
    if (!endpoint.isEmpty() && !endpoint.matches("https?://[A-Za-z0-9.\\[\\]:_-]+(/[^?#@]*)?")) {
      throw new IllegalArgumentException(
          "%s=%s is no address: a valid one is %s"
              .formatted(name, GoUrl.redacted(endpoint), valid));
    }
  }

  /** The way to S3 and AWS KMS. */
  HttpProxy way() {
    return new HttpProxy(proxy, noProxy);
  }

  /** What is limited by a rate; null for no limit. */
  private static @Nullable Bandwidth bandwidth(DataSize rate) {
    return rate.toBytes() == 0 ? null : new Bandwidth(rate.toBytes());
  }

  @Nullable Bandwidth upload() {
    return bandwidth(uploadRate);
  }

  @Nullable Bandwidth download() {
    return bandwidth(downloadRate);
  }

  /** Without a password that the proxy's address may hold. */
  @Override
  public String toString() {
    return "ObjectStoreProperties[s3=%s, secondS3=%s, kms=%s, proxy=%s, noProxy=%s, uploadRate=%s, downloadRate=%s]"
        .formatted(s3, secondS3, kms, GoUrl.redacted(proxy), noProxy, uploadRate, downloadRate);
  }

  /**
   * Settings of S3.
   *
   * @param checksums when-required sends and checks only what the protocol demands, which every
   *     S3-compatible store accepts; when-supported adds the CRC trailers that AWS understands
   * @param connectTimeout time to open a connection
   * @param readTimeout longest silence of the store while it is answering
   * @param callTimeout time for one request with all its repetitions, bodies not counted
   * @param serverSideEncryption what the store is asked to encrypt objects with: none (default)
   *     leaves it to the bucket's own setting, sse-s3 takes a key of the store, sse-kms one of AWS
   *     KMS, sse-kms-dsse one of AWS KMS in two layers
   * @param kmsKeyId ARN, id or alias/NAME of that key of AWS KMS; empty for the account's own for
   *     S3
   * @param bucketKeyEnabled whether sse-kms asks AWS KMS for a key of the bucket now and then, and
   *     not for one of each object
   */
  record S3(
      @DefaultValue("when-required") Checksums checksums,
      @DefaultValue("3s") Duration connectTimeout,
      @DefaultValue("10s") Duration readTimeout,
      @DefaultValue("30s") Duration callTimeout,
      @DefaultValue("none") ServerSideEncryption serverSideEncryption,
      @DefaultValue("") String kmsKeyId,
      @DefaultValue("true") boolean bucketKeyEnabled) {

    S3 {
      requirePositive("connect-timeout", connectTimeout, "3s");
      requirePositive("read-timeout", readTimeout, "10s");
      requirePositive("call-timeout", callTimeout, "30s");
      if (!kmsKeyId.isEmpty() && !serverSideEncryption.byKms()) {
        throw new IllegalArgumentException(
            "liferaft.objectstore.s3.kms-key-id=%s is of no use with liferaft.objectstore.s3.server-side-encryption=%s: set that to sse-kms, or take the key id away"
                .formatted(
                    kmsKeyId,
                    serverSideEncryption.name().toLowerCase(Locale.ROOT).replace('_', '-')));
      }
      if (!kmsKeyId.isEmpty() && !KmsKeyName.isOne(kmsKeyId)) {
        throw new IllegalArgumentException(
            "liferaft.objectstore.s3.kms-key-id=" + kmsKeyId + " " + KmsKeyName.REFUSED);
      }
    }

    /** The defaults but for these. */
    static S3 of(
        Checksums checksums, Duration connectTimeout, Duration readTimeout, Duration callTimeout) {
      return new S3(
          checksums, connectTimeout, readTimeout, callTimeout, ServerSideEncryption.NONE, "", true);
    }

    private static void requirePositive(String name, Duration value, String valid) {
      if (!value.isPositive()) {
        throw new IllegalArgumentException(
            "liferaft.objectstore.s3.%s is %s but must be above zero, for example %s"
                .formatted(name, value, valid));
      }
    }
  }

  /**
   * Region, endpoint and credentials for the bucket of the second target alone; all empty when it
   * is reached as the first one is.
   *
   * @param region of the bucket; empty by default, needed with any of the others: auto for
   *     Cloudflare R2, us-east-1 for most that are not AWS
   * @param endpoint address of a service that is not AWS; empty for AWS
   * @param accessKey needed with a region; empty by default
   * @param secretKey needed with a region; empty by default
   * @param pathStyleAccessEnabled whether the bucket stands in the path and not in the host name
   */
  record SecondS3Settings(
      @DefaultValue("") String region,
      @DefaultValue("") String endpoint,
      @DefaultValue("") String accessKey,
      @DefaultValue("") String secretKey,
      @DefaultValue("false") boolean pathStyleAccessEnabled) {

    SecondS3Settings {
      boolean any =
          pathStyleAccessEnabled || !(region + endpoint + accessKey + secretKey).isEmpty();
      if (any) {
        require("region", region, "eu-central-1, or auto for Cloudflare R2");
        require("access-key", accessKey, "AKIAIOSFODNN7EXAMPLE");
        require("secret-key", secretKey, "the key that belongs to it");
      }
      requireAddress(SecondS3.PREFIX + "endpoint", endpoint, "https://s3.example.com");
    }

    private static void require(String name, String value, String valid) {
      if (value.isBlank()) {
        throw new IllegalArgumentException(
            "%s%s is empty, and a second target with a way of its own to S3 needs it: set it, for example to %s"
                .formatted(SecondS3.PREFIX, name, valid));
      }
    }

    boolean isEmpty() {
      return region.isEmpty();
    }

    /** Without the keys. */
    @Override
    public String toString() {
      return "SecondS3Settings[region=%s, endpoint=%s]".formatted(region, endpoint);
    }
  }

  /**
   * Settings of AWS KMS.
   *
   * @param endpoint address of another service that speaks as AWS KMS does; empty for AWS' own
   * @param callTimeout time for one request with all its repetitions
   */
  record Kms(@DefaultValue("") String endpoint, @DefaultValue("10s") Duration callTimeout) {

    Kms {
      requireAddress("liferaft.objectstore.kms.endpoint", endpoint, "http://127.0.0.1:4566");
      if (!callTimeout.isPositive()) {
        throw new IllegalArgumentException(
            "liferaft.objectstore.kms.call-timeout is "
                + callTimeout
                + " but must be above zero, for example 10s");
      }
    }
  }

  /** When checksums travel with requests and are checked in answers. */
  enum Checksums {
    WHEN_REQUIRED,
    WHEN_SUPPORTED
  }

  /** Who encrypts an object in the store, and with whose key. */
  enum ServerSideEncryption {
    NONE,
    SSE_S3,
    SSE_KMS,
    SSE_KMS_DSSE;

    boolean byKms() {
      return this == SSE_KMS || this == SSE_KMS_DSSE;
    }
  }
}
