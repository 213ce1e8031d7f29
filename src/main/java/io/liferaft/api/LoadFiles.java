package io.liferaft.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bodies of {@code /db/load} on disk, in a folder of their own beside the database: they may be as
 * large as it. What a killed process left there is deleted before the first one of the next.
 */
final class LoadFiles {

  private static final Logger log = LoggerFactory.getLogger(LoadFiles.class);
  private static final String PREFIX = "load-";

  private final Path folder;
  private final AtomicBoolean swept = new AtomicBoolean();

  LoadFiles(Path folder) {
    this.folder = folder;
  }

  /** A body that has arrived. Closing deletes it. */
  record Received(Path file, long sizeBytes) implements AutoCloseable {
    @Override
    public void close() {
      delete(file);
    }
  }

  /**
   * Writes a body to disk.
   *
   * @param head its first bytes, read already
   * @param rest what follows
   * @throws IOException when the client's side fails
   * @throws RequestFailure 500 when this node's disk does
   */
  Received receive(byte[] head, InputStream rest) throws IOException {
    Path file = create();
    boolean whole = false;
    try {
      long size = copy(head, rest, file);
      whole = true;
      return new Received(file, size);
    } finally {
      if (!whole) {
        delete(file);
      }
    }
  }

  private long copy(byte[] head, InputStream rest, Path file) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long size = head.length;
    try (OutputStream out = open(file)) {
      write(out, head, head.length);
      for (int n = rest.read(buffer); n >= 0; n = rest.read(buffer)) {
        write(out, buffer, n);
        size += n;
      }
    }
    return size;
  }

  private Path create() {
    try {
      Files.createDirectories(folder);
      if (swept.compareAndSet(false, true)) {
        sweep();
      }
      return Files.createTempFile(folder, PREFIX, ".tmp");
    } catch (IOException e) {
      throw diskFailure(e);
    }
  }

  private void sweep() throws IOException {
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(folder, PREFIX + "*.tmp")) {
      leftovers.forEach(LoadFiles::delete);
    }
  }

  private OutputStream open(Path file) {
    try {
      return Files.newOutputStream(file);
    } catch (IOException e) {
      throw diskFailure(e);
    }
  }

  private void write(OutputStream out, byte[] bytes, int length) {
    try {
      out.write(bytes, 0, length);
    } catch (IOException e) {
      throw diskFailure(e);
    }
  }

  private RequestFailure diskFailure(IOException e) {
    log.warn("A body sent to /db/load could not be kept in {}", folder, e);
    return new RequestFailure(
        500, "the body could not be kept in " + folder + ": " + e.getMessage());
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.warn("Temporary file {} could not be deleted", file, e);
    }
  }
}
