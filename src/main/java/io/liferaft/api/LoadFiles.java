package io.liferaft.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Bodies of loads and boots on disk: they may be larger than any memory. */
final class LoadFiles {

  private static final Logger log = LoggerFactory.getLogger(LoadFiles.class);

  private final TemporaryFiles files;

  LoadFiles(Path folder) {
    this.files = new TemporaryFiles(folder, "load-");
  }

  /** A body that has arrived. Closing deletes it. */
  record Received(TemporaryFiles.Kept kept, long sizeBytes) implements AutoCloseable {
    Path file() {
      return kept.file();
    }

    @Override
    public void close() {
      kept.close();
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
    TemporaryFiles.Kept kept = create();
    boolean whole = false;
    try {
      long size = copy(head, rest, kept.file());
      whole = true;
      return new Received(kept, size);
    } finally {
      if (!whole) {
        kept.close();
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

  private TemporaryFiles.Kept create() {
    try {
      return files.create();
    } catch (IOException e) {
      throw diskFailure(e);
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
    log.warn("A body sent to /db/load could not be kept in {}", files.folder(), e);
    return new RequestFailure(
        500, "the body could not be kept in " + files.folder() + ": " + e.getMessage());
  }
}
