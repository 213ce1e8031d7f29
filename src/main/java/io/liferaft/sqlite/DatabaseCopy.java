package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A consistent database file that can be read while writes go on. Local copies are the main file
 * under a lease that puts checkpoints off: read it soon and close it. Safe for use by one thread at
 * a time.
 */
public interface DatabaseCopy extends AutoCloseable {

  /** What the writer of the copy's record stored with it; see {@link SqliteStore#checkpoint}. */
  byte[] payload();

  /**
   * Whether writes enforce foreign keys as of this copy: replicated state that is not in the file.
   * Who installs the copy elsewhere hands it on to {@link SqliteStore#replace(java.nio.file.Path,
   * byte[], boolean)}.
   */
  default boolean foreignKeys() {
    return false;
  }

  /** Size of the file in bytes. */
  long sizeBytes();

  /**
   * Reads bytes at an offset until the buffer is full or the end is reached.
   *
   * @return the number of bytes read; -1 at or behind the end
   * @throws SqliteException.CopyRevoked when the copy was held too long; start over with a new one
   * @throws IOException when reading fails
   */
  int read(long offset, ByteBuffer into) throws IOException;

  /** Ends the lease. May be called more than once, from any thread. */
  @Override
  void close();
}
