package io.liferaft.api;

import io.liferaft.raft.ClusterCopy;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.DatabaseFile;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteException.CopyRevoked;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies on this node's disk, for backups that are not the bytes of the copy: however slow a client
 * reads, no checkpoint waits for it.
 */
final class BackupFiles {

  private static final Logger log = LoggerFactory.getLogger(BackupFiles.class);

  private static final int BUFFER = 1 << 18;
  static final int ATTEMPTS = 5;

  private final TemporaryFiles files;

  BackupFiles(Path folder) {
    this.files = new TemporaryFiles(folder, "backup-");
  }

  /**
   * The whole copy in a file, which closing deletes. One that is revoked is replaced by the next.
   *
   * @throws RequestFailure 500 when this node's disk fails or has no room
   */
  TemporaryFiles.Kept fetch(Supplier<ClusterCopy> copies) {
    for (int attempt = 1; ; attempt++) {
      try (ClusterCopy copy = copies.get()) {
        return keep(copy.file());
      } catch (CopyRevoked e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private TemporaryFiles.Kept keep(DatabaseCopy copy) {
    TemporaryFiles.Kept kept = create(copy.sizeBytes());
    boolean whole = false;
    try (FileChannel out = FileChannel.open(kept.file(), StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
      long offset = 0;
      while (read(copy, offset, buffer.clear()) > 0) {
        offset += buffer.flip().remaining();
        while (buffer.hasRemaining()) {
          int _ = out.write(buffer);
        }
      }
      if (offset != copy.sizeBytes()) {
        throw new SqliteException(
            "the copy ended after %d of %d bytes".formatted(offset, copy.sizeBytes()));
      }
      whole = true;
      return kept;
    } catch (IOException e) {
      throw failure(e);
    } finally {
      if (!whole) {
        kept.close();
      }
    }
  }

  static int read(DatabaseCopy copy, long offset, ByteBuffer into) {
    try {
      return copy.read(offset, into);
    } catch (IOException e) {
      throw new SqliteException("the copy cannot be read at " + offset, e);
    }
  }

  /** A vacuumed file of a kept one, which is deleted. */
  TemporaryFiles.Kept vacuumed(TemporaryFiles.Kept from) {
    try (from) {
      TemporaryFiles.Kept into = create(size(from.file()));
      boolean done = false;
      try {
        DatabaseFile.vacuum(from.file(), into.file());
        done = true;
        return into;
      } finally {
        if (!done) {
          into.close();
        }
      }
    }
  }

  private long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private TemporaryFiles.Kept create(long bytes) {
    try {
      return files.create(bytes);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private RequestFailure failure(IOException e) {
    log.warn("The copy for a backup could not be kept in {}", files.folder(), e);
    return new RequestFailure(
        500, "the copy could not be kept in " + files.folder() + ": " + e.getMessage());
  }
}
