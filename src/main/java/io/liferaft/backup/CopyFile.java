package io.liferaft.backup;

import io.liferaft.sqlite.BackgroundIo;
import io.liferaft.sqlite.DatabaseCopy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a copy of the database as a file of its own. */
final class CopyFile {

  private static final int BUFFER_BYTES = 256 << 10;

  private CopyFile() {}

  /**
   * Writes the whole copy, replacing what is there; not forced to the disk.
   *
   * @throws IOException when the disk fails, the copy ends early or the caller is interrupted
   */
  static void write(DatabaseCopy copy, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
      long offset = 0;
      while (read(copy, offset, buffer.clear()) > 0) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("this node is stopping");
        }
        out.write(buffer.array(), 0, buffer.position());
        offset += buffer.position();
      }
    }
    if (Files.size(file) != copy.sizeBytes()) {
      throw new IOException(
          "the copy ended after %d of %d bytes".formatted(Files.size(file), copy.sizeBytes()));
    }
  }

  private static int read(DatabaseCopy copy, long offset, ByteBuffer into) throws IOException {
    return BackgroundIo.read(() -> copy.read(offset, into));
  }
}
