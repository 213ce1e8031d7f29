package io.liferaft.api;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that live as long as one request, in a folder beside the database: they may be as large as
 * it. What a killed process left there is deleted before the first one of the next. Safe for use by
 * many threads.
 */
final class TemporaryFiles {

  private static final Logger log = LoggerFactory.getLogger(TemporaryFiles.class);

  /** Left to the log and to everybody else on the disk. */
  private static final long SPARED_BYTES = 64L * 1024 * 1024;

  private final Path folder;
  private final String prefix;
  private final AtomicBoolean swept = new AtomicBoolean();
  private final AtomicLong promised = new AtomicLong();

  /**
   * @param prefix of these files' names, and of nobody else's in the folder
   */
  TemporaryFiles(Path folder, String prefix) {
    this.folder = folder;
    this.prefix = prefix;
  }

  /** An empty file. Closing deletes it. */
  final class Kept implements AutoCloseable {
    private final Path file;
    private final long bytes;

    private Kept(Path file, long bytes) {
      this.file = file;
      this.bytes = bytes;
    }

    Path file() {
      return file;
    }

    @Override
    public void close() {
      delete(file);
      promised.addAndGet(-bytes);
    }
  }

  Path folder() {
    return folder;
  }

  Kept create() throws IOException {
    return create(0);
  }

  /**
   * An empty file that there is room for.
   *
   * @param bytes that it is going to have; 0 when nobody knows
   * @throws IOException when the disk has no room for it and all others
   */
  Kept create(long bytes) throws IOException {
    Files.createDirectories(folder);
    if (swept.compareAndSet(false, true)) {
      sweep();
    }
    long wanted = promised.addAndGet(bytes);
    boolean created = false;
    try {
      if (bytes > 0 && wanted > Files.getFileStore(folder).getUsableSpace() - SPARED_BYTES) {
        throw new IOException("the disk has no room for " + bytes + " bytes for a while");
      }
      Kept kept = new Kept(Files.createTempFile(folder, prefix, ".tmp"), bytes);
      created = true;
      return kept;
    } finally {
      if (!created) {
        promised.addAndGet(-bytes);
      }
    }
  }

  private void sweep() throws IOException {
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(folder, prefix + "*.tmp")) {
      leftovers.forEach(TemporaryFiles::delete);
    }
  }

  private static void delete(Path file) {
    try {
      boolean _ = Files.deleteIfExists(file);
    } catch (IOException e) {
      log.warn("Temporary file {} could not be deleted", file, e);
    }
  }
}
