package io.liferaft.objectstore;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What rqlite keeps of the last backup in a directory: {@code METADATA.json} with its id, the time
 * in milliseconds and its absolute name. For files of ours it only repeats what is {@linkplain
 * DirectorySidecar beside} them.
 */
final class RqliteMetadata {

  static final String FILE_NAME = "METADATA.json";

  /** Under this key the same id is metadata of an object in S3. */
  static final String ID = "x-rqlite-auto-backup-id";

  private static final long MAX_BYTES = 64 << 10;

  private RqliteMetadata() {}

  /** What is known of a file by it; nothing when it is of another file, missing or damaged. */
  static Map<String, String> of(Path file) throws IOException {
    Path beside = file.resolveSibling(FILE_NAME);
    try {
      if (Files.size(beside) > MAX_BYTES) {
        return Map.of();
      }
      JsonNode read = JsonMapper.shared().readTree(Files.readAllBytes(beside));
      String name = read.path("name").asString("");
      String id = read.path("id").asString("");
      // The directory may be mounted elsewhere by now.
      boolean same = name.substring(name.lastIndexOf('/') + 1).equals(nameOf(file));
      return same && !id.isEmpty() ? Map.of(ID, id) : Map.of();
    } catch (NoSuchFileException | JacksonException _) {
      return Map.of();
    }
  }

  /** Replaces it for a file that has been written, if that has an id; atomically. */
  static void write(Path file, BasicFileAttributes attributes, Map<String, String> metadata)
      throws IOException {
    String id = metadata.get(ID);
    if (id == null) {
      return;
    }
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("id", id);
    content.put("timestamp", attributes.lastModifiedTime().toMillis());
    content.put("name", file.toString());
    Path folder = file.resolveSibling(".");
    try (TemporaryFile written = TemporaryFile.create(folder);
        OutputStream out = written.stream()) {
      out.write(JsonMapper.shared().writeValueAsBytes(content));
      out.flush();
      written.force();
      written.moveTo(file.resolveSibling(FILE_NAME));
    }
    TemporaryFile.forceFolder(folder);
  }

  private static String nameOf(Path file) {
    return String.valueOf(file.getFileName());
  }
}
