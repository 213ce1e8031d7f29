package io.liferaft.objectstore;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The metadata beside a file. Every entry names the content it belongs to, and the one before stays
 * in until the next put: whichever of the two files a crash left behind finds its own.
 *
 * @param objects newest first
 */
record DirectorySidecar(List<Entry> objects) {

  static final String SUFFIX = ".metadata.json";

  /** More is not ours; reading it would only take memory. */
  private static final long MAX_BYTES = 1 << 20;

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  DirectorySidecar {
    objects = List.copyOf(objects);
  }

  /**
   * @param identity attributes of the file when it was written; as long as they hold nobody has to
   *     read the content
   */
  record Entry(long size, String sha256, String identity, Map<String, String> metadata) {

    Entry {
      metadata = Map.copyOf(metadata);
    }

    Entry identifiedBy(BasicFileAttributes attributes) {
      return new Entry(size, sha256, DirectorySidecar.identity(attributes), metadata);
    }

    /** Changes with content and metadata: the same bytes written by another leader count as new. */
    String etag() {
      MessageDigest digest = ContentHash.sha256();
      digest.update(sha256.getBytes(StandardCharsets.UTF_8));
      new TreeMap<>(metadata)
          .forEach((key, value) ->
              digest.update((key + '=' + value + '\n').getBytes(StandardCharsets.UTF_8)));
      return "sha256-" + HexFormat.of().formatHex(digest.digest(), 0, 16);
    }
  }

  static Path beside(Path file) {
    return file.resolveSibling(file.getFileName() + SUFFIX);
  }

  /** What tells one written file from another without reading it. */
  static String identity(BasicFileAttributes attributes) {
    return attributes.size()
        + "-"
        + attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS)
        + "-"
        + attributes.fileKey();
  }

  /** Empty when there is none or it is damaged: then the file counts as one without metadata. */
  static DirectorySidecar read(Path file) throws IOException {
    Path sidecar = beside(file);
    try {
      if (Files.size(sidecar) > MAX_BYTES) {
        return new DirectorySidecar(List.of());
      }
      @Nullable DirectorySidecar read =
          JSON.readValue(Files.readAllBytes(sidecar), DirectorySidecar.class);
      return read == null ? new DirectorySidecar(List.of()) : read;
    } catch (NoSuchFileException | JacksonException _) {
      return new DirectorySidecar(List.of());
    }
  }

  /** The entry of a file, by its attributes or else by its content. */
  Optional<Entry> of(Path file, BasicFileAttributes attributes, Hash hash) throws IOException {
    String identity = identity(attributes);
    for (Entry entry : objects) {
      if (entry.identity().equals(identity)) {
        return Optional.of(entry);
      }
    }
    String sha256 = null;
    for (Entry entry : objects) {
      if (entry.size() == attributes.size()) {
        // A copy that an operator made has other attributes, but may be the same content.
        sha256 = sha256 == null ? hash.of(file) : sha256;
        if (entry.sha256().equals(sha256)) {
          return Optional.of(entry);
        }
      }
    }
    return Optional.empty();
  }

  static DirectorySidecar of(Entry newest, @Nullable Entry before) {
    return new DirectorySidecar(before == null ? List.of(newest) : List.of(newest, before));
  }

  byte[] toJson() {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
  }

  /** Computes the sha256 of a file. */
  @FunctionalInterface
  interface Hash {
    String of(Path file) throws IOException;
  }
}
