package io.liferaft.objectstore;

import java.nio.file.Path;
import java.util.stream.Stream;

/** Which keys are files of a directory, and which. */
final class DirectoryKeys {

  private DirectoryKeys() {}

  /**
   * The file of a key, always inside the directory.
   *
   * @throws IllegalArgumentException when the key cannot be a file of this store
   */
  static Path file(Path directory, String key) {
    check(key);
    Path file = directory.resolve(key).normalize();
    if (!file.startsWith(directory) || file.equals(directory)) {
      throw new IllegalArgumentException("'" + key + "' is outside of " + directory);
    }
    return file;
  }

  /**
   * @throws IllegalArgumentException when the key cannot be a file of this store
   */
  static void check(String key) {
    boolean escapes =
        key.isEmpty()
            || key.indexOf('\0') >= 0
            || Stream.of(key.split("/", -1))
                .anyMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."));
    if (escapes || reserved(key)) {
      throw new IllegalArgumentException(
          "'%s' cannot be a file name here: no empty part, no . or .., not ending with %s, not starting with %s"
              .formatted(key, DirectorySidecar.SUFFIX, TemporaryFile.PREFIX));
    }
  }

  /** Whether the store keeps something of its own under this name. */
  static boolean reserved(String key) {
    String name = key.substring(key.lastIndexOf('/') + 1);
    return name.endsWith(DirectorySidecar.SUFFIX)
        || name.startsWith(TemporaryFile.PREFIX)
        || name.equals(DirectoryLock.FILE_NAME)
        || name.equals(RqliteMetadata.FILE_NAME);
  }
}
