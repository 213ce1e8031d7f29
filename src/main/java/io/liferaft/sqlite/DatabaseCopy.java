package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A consistent database file that can be read while writes go on. Local copies are the main file
 * under a lease that puts checkpoints off: read it soon and close it. Safe for use by one thread at
 * a time.
 */
public interface DatabaseCopy extends AutoCloseable {

  /** What {@link #changedSince} tells apart; a multiple of every page size. */
  int UNIT_BYTES = 65_536;

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
   * @param into backed by an array
   * @return the number of bytes read; -1 at or behind the end
   * @throws SqliteException.CopyRevoked when the copy was held too long; start over with a new one
   * @throws IOException when reading fails
   */
  int read(long offset, ByteBuffer into) throws IOException;

  /**
   * Where this copy stands among the checkpoints of its file; null for one that is not a store's
   * own main file. Does not change while the copy is open.
   */
  default @Nullable FilePosition position() {
    return null;
  }

  /**
   * Which parts of the file may have changed since an earlier copy was taken of it: bit n is set
   * when the bytes from n times {@link #UNIT_BYTES} up to the next unit, or their number, may
   * differ from what they were there. All others are equal byte for byte, so who kept the earlier
   * copy need not read them. No bit lies behind the end of this copy; what this copy is shorter by
   * has none.
   *
   * @param earlier the {@link #position} of the earlier copy, which may be closed
   * @return a set of the caller's own; empty when it cannot be known, because the store has opened
   *     the file, or another one, since then, or the position is later than this copy: read
   *     everything
   */
  default Optional<BitSet> changedSince(FilePosition earlier) {
    return Optional.empty();
  }

  /** Ends the lease. May be called more than once, from any thread. */
  @Override
  void close();
}
