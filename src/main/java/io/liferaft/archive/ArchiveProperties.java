package io.liferaft.archive;

import io.liferaft.objectstore.KeyService;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How backups are stored in an archive, a target that ends with a slash.
 *
 * @param compressionLevel of zstd, 1 (fastest) to 19 (smallest)
 * @param encryption before anything leaves the node
 */
@ConfigurationProperties(prefix = "liferaft.archive", ignoreUnknownFields = false)
record ArchiveProperties(
    @DefaultValue("3") int compressionLevel, @DefaultValue Encryption encryption) {

  private static final int HIGHEST_LEVEL = 19;

  ArchiveProperties {
    if (compressionLevel < 1 || compressionLevel > HIGHEST_LEVEL) {
      throw new IllegalArgumentException(
          "liferaft.archive.compression-level="
              + compressionLevel
              + " is not between 1 and 19: a valid one is 3");
    }
  }

  /**
   * Encryption of archives.
   *
   * @param keyId id of the key for new backups; empty to encrypt nothing
   * @param keys places of keys by their ids, also of those that are only for reading; none by
   *     default
   */
  record Encryption(@DefaultValue("") String keyId, @DefaultValue Map<String, String> keys) {

    private static final String SETTING = "liferaft.archive.encryption.";

    Encryption {
      keys = Map.copyOf(keys);
      for (Map.Entry<String, String> key : keys.entrySet()) {
        if (!key.getKey().matches("[a-z0-9][a-z0-9-]{0,31}")) {
          throw new IllegalArgumentException(
              SETTING
                  + "keys."
                  + key.getKey()
                  + " is no id of a key: up to 32 of a-z, 0-9 and -, for example k1");
        }
        try {
          KeySource _ = KeySource.parse(key.getValue());
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              SETTING + "keys." + key.getKey() + " " + e.getMessage(), e);
        }
      }
      if (!keyId.isEmpty() && !keys.containsKey(keyId)) {
        throw new IllegalArgumentException(
            "%skey-id=%s names no key: set %skeys.%s=file:/run/secrets/backup-key%s"
                .formatted(
                    SETTING,
                    keyId,
                    SETTING,
                    keyId,
                    keys.isEmpty() ? "" : ", or one of " + keys.keySet()));
      }
    }

    /**
     * @param kms null where no key is in it
     */
    EncryptionKeys ring(Function<String, @Nullable String> environment, @Nullable KeyService kms) {
      Map<String, KeySource> sources = new HashMap<>();
      keys.forEach((id, place) -> sources.put(id, KeySource.parse(place)));
      return new EncryptionKeys(keyId.isEmpty() ? null : keyId, sources, environment, kms);
    }

    /** Without the values: somebody may have put a key there. */
    @Override
    public String toString() {
      return "Encryption[keyId=" + keyId + ", keys=" + keys.keySet() + "]";
    }
  }
}
