package io.liferaft.objectstore;

import io.liferaft.go.GoUrl;
import jakarta.validation.Valid;
import java.time.Duration;
import java.util.Locale;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Settings of the object stores. Region, endpoint, path style and credentials of S3 are Spring
 * Cloud AWS' own: {@code spring.cloud.aws.*}.
 *
 * @param s3 settings of S3
 * @param kms settings of AWS KMS, where a key of archives is in it
 */
@Validated
@ConfigurationProperties(prefix = "liferaft.objectstore", ignoreUnknownFields = false)
record ObjectStoreProperties(@Valid @DefaultValue S3 s3, @Valid @DefaultValue Kms kms) {

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
   * Settings of AWS KMS.
   *
   * @param endpoint address of another service that speaks as AWS KMS does; empty for AWS' own
   * @param callTimeout time for one request with all its repetitions
   */
  record Kms(@DefaultValue("") String endpoint, @DefaultValue("10s") Duration callTimeout) {

    Kms {
      if (!endpoint.isEmpty() && !endpoint.matches("https?://[A-Za-z0-9.\\[\\]:_-]+(/[^?#@]*)?")) {
        throw new IllegalArgumentException(
            "liferaft.objectstore.kms.endpoint="
                + GoUrl.redacted(endpoint)
                + " is no address: a valid one is http://127.0.0.1:4566");
      }
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
