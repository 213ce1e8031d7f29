package io.liferaft.archive;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How backups are stored in an archive, a target that ends with a slash.
 *
 * @param compressionLevel of zstd, 1 (fastest) to 19 (smallest)
 */
@Validated
@ConfigurationProperties(prefix = "liferaft.archive", ignoreUnknownFields = false)
record ArchiveProperties(@DefaultValue("3") int compressionLevel) {

  private static final int HIGHEST_LEVEL = 19;

  ArchiveProperties {
    if (compressionLevel < 1 || compressionLevel > HIGHEST_LEVEL) {
      throw new IllegalArgumentException(
          "liferaft.archive.compression-level="
              + compressionLevel
              + " is not between 1 and 19: a valid one is 3");
    }
  }
}
