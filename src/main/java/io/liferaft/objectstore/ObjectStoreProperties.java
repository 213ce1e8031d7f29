package io.liferaft.objectstore;

import jakarta.validation.Valid;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Settings of the object stores. Region, endpoint, path style and credentials of S3 are Spring
 * Cloud AWS' own: {@code spring.cloud.aws.*}.
 *
 * @param s3 settings of S3
 */
@Validated
@ConfigurationProperties(prefix = "liferaft.objectstore", ignoreUnknownFields = false)
record ObjectStoreProperties(@Valid @DefaultValue S3 s3) {

  /**
   * Settings of S3.
   *
   * @param checksums when-required sends and checks only what the protocol demands, which every
   *     S3-compatible store accepts; when-supported adds the CRC trailers that AWS understands
   * @param connectTimeout time to open a connection
   * @param readTimeout longest silence of the store while it is answering
   * @param callTimeout time for one request with all its repetitions, bodies not counted
   */
  record S3(
      @DefaultValue("when-required") Checksums checksums,
      @DefaultValue("3s") Duration connectTimeout,
      @DefaultValue("10s") Duration readTimeout,
      @DefaultValue("30s") Duration callTimeout) {

    S3 {
      requirePositive("connect-timeout", connectTimeout, "3s");
      requirePositive("read-timeout", readTimeout, "10s");
      requirePositive("call-timeout", callTimeout, "30s");
    }

    private static void requirePositive(String name, Duration value, String valid) {
      if (!value.isPositive()) {
        throw new IllegalArgumentException(
            "liferaft.objectstore.s3.%s is %s but must be above zero, for example %s"
                .formatted(name, value, valid));
      }
    }
  }

  /** When checksums travel with requests and are checked in answers. */
  enum Checksums {
    WHEN_REQUIRED,
    WHEN_SUPPORTED
  }
}
