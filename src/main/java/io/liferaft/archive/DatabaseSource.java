package io.liferaft.archive;

import io.liferaft.objectstore.ObjectWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A database file that stands still while a backup of it is made. For one thread at a time; whoever
 * opened it closes it.
 */
public interface DatabaseSource extends ObjectWriter {

  /** What {@link #changedSince} counts in: 64 KiB, a multiple of every page size. */
  int UNIT_BYTES = 65_536;

  /**
   * One state of one file.
   *
   * @param file the same for as long as its changes are known without a gap
   * @param state counts the states of the file
   */
  record Mark(String file, long state) {}

  /** Size of the file in bytes. */
  long sizeBytes();

  /**
   * Reads bytes at an offset until the buffer is full or the end is reached.
   *
   * @return the number of bytes read; -1 at or behind the end
   */
  int read(long offset, ByteBuffer into) throws IOException;

  /** Which state of which file this is; null when its changes are not known. */
  default @Nullable Mark mark() {
    return null;
  }

  /**
   * Which units may differ from what they were; never one too few. What is behind the end of one of
   * the two states does not count.
   *
   * @return empty when that is not known
   */
  default Optional<BitSet> changedSince(Mark earlier) {
    return Optional.empty();
  }

  @Override
  default void writeTo(OutputStream out) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(4 * UNIT_BYTES);
    long offset = 0;
    while (read(offset, buffer.clear()) > 0) {
      buffer.flip();
      out.write(buffer.array(), 0, buffer.limit());
      offset += buffer.limit();
    }
  }
}
