package io.liferaft.objectstore;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a store says of one object.
 *
 * @param etag as the store gives it; compare for equality only
 * @param versionId the store's version, null where it keeps none
 * @param metadata user metadata, keys in lower case
 */
public record ObjectInfo(
    String key,
    long sizeBytes,
    String etag,
    @Nullable String versionId,
    Instant modified,
    Map<String, String> metadata) {

  public ObjectInfo {
    metadata = Map.copyOf(metadata);
  }
}
