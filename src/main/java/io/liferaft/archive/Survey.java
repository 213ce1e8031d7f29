package io.liferaft.archive;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * The hashes of a database's chunks.
 *
 * @param source what was read
 * @param mark which state of the file it was; null when its changes will not be known
 * @param readBytes how much of the file was read for it
 */
record Survey(
    DatabaseSource source,
    byte[] hashes,
    String treeSha256,
    DatabaseSource.@Nullable Mark mark,
    long readBytes) {

  /**
   * Reads what may have changed since an earlier state.
   *
   * @param earlier the table of that state; null to read everything
   * @param changed what may have changed since; null to read everything
   */
  static Survey of(DatabaseSource source, @Nullable ChunkTable earlier, @Nullable BitSet changed)
      throws IOException {
    long sizeBytes = source.sizeBytes();
    int count = ChunkTable.count(sizeBytes);
    byte[] hashes = new byte[count * ChunkTable.HASH_BYTES];
    MessageDigest digest = VerifyingOutputStream.sha256();
    byte[] chunk = new byte[ChunkTable.CHUNK_BYTES];
    long readBytes = 0;
    for (int i = 0; i < count; i++) {
      int at = i * ChunkTable.HASH_BYTES;
      int length = ChunkTable.length(sizeBytes, i);
      if (earlier != null
          && changed != null
          && !changed.get(i)
          && i < earlier.count()
          && earlier.length(i) == length) {
        System.arraycopy(earlier.hashes(), at, hashes, at, ChunkTable.HASH_BYTES);
      } else {
        read(source, i, chunk, length);
        digest.update(chunk, 0, length);
        System.arraycopy(digest.digest(), 0, hashes, at, ChunkTable.HASH_BYTES);
        readBytes += length;
      }
    }
    return new Survey(source, hashes, ChunkTable.treeSha256(hashes), source.mark(), readBytes);
  }

  /** Whether these are a chunk's bytes. */
  boolean holds(int chunk, byte[] bytes, int length) {
    MessageDigest digest = VerifyingOutputStream.sha256();
    digest.update(bytes, 0, length);
    int from = chunk * ChunkTable.HASH_BYTES;
    return Arrays.equals(
        digest.digest(), 0, ChunkTable.HASH_BYTES, hashes, from, from + ChunkTable.HASH_BYTES);
  }

  /** Reads one chunk whole. */
  static void read(DatabaseSource source, int chunk, byte[] into, int length) throws IOException {
    long offset = (long) chunk * ChunkTable.CHUNK_BYTES;
    ByteBuffer buffer = ByteBuffer.wrap(into, 0, length);
    if (source.read(offset, buffer) < length || buffer.hasRemaining()) {
      throw new EOFException("the database ends before byte " + (offset + length));
    }
  }
}
