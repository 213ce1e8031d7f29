package io.liferaft.restore;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where downloads lie until they are loaded: {@code restore/} in the data directory. */
final class RestoreFolder {

  private static final Logger log = LoggerFactory.getLogger(RestoreFolder.class);

  private static final int BUFFER_BYTES = 256 * 1024;

  private final Path folder;

  RestoreFolder(Path dataDir) {
    this.folder = dataDir.resolve("restore");
  }

  /** The file for one object as it is now; what belongs to others is deleted. */
  Path fileFor(String location, String etag) throws IOException {
    Files.createDirectories(folder);
    String name =
        UUID.nameUUIDFromBytes((location + '\n' + etag).getBytes(StandardCharsets.UTF_8))
            + ".sqlite";
    delete(name);
    return folder.resolve(name);
  }

  /** Whether a finished file with this hash is there, from an attempt that broke off later. */
  boolean holds(Path file, String sha256) throws IOException {
    if (!Files.exists(file)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest()).equals(sha256);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Deletes everything. What cannot be deleted only takes up room. */
  void clear() {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try {
      delete("");
      Files.delete(folder);
    } catch (IOException | UncheckedIOException e) {
      log.debug("Leftovers of the restore remain in {}", folder, e);
    }
  }

  private void delete(String except) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        if (except.isEmpty() || !file.getFileName().toString().contains(except)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
