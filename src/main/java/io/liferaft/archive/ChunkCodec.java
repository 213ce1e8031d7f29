package io.liferaft.archive;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;

/**
 * A chunk as it lies in a pack: one zstd frame (RFC 8878), or the bytes themselves where that is
 * not shorter. Which of the two is told by the length.
 */
final class ChunkCodec {

  private ChunkCodec() {}

  /** Room that {@link #pack} needs. */
  static int mostBytes() {
    return (int) Zstd.compressBound(ChunkTable.CHUNK_BYTES);
  }

  /**
   * Packs a chunk.
   *
   * @param level of zstd; 0 leaves the bytes as they are
   * @return how many bytes of {@code into} were written
   */
  static int pack(byte[] chunk, int length, byte[] into, int level) {
    if (level != 0) {
      long packed = Zstd.compressByteArray(into, 0, into.length, chunk, 0, length, level);
      if (!Zstd.isError(packed) && packed < length) {
        return (int) packed;
      }
    }
    System.arraycopy(chunk, 0, into, 0, length);
    return length;
  }

  /**
   * Unpacks a chunk.
   *
   * @param length of the chunk
   * @return false when it is damaged
   */
  static boolean unpack(byte[] packed, int packedLength, byte[] into, int length) {
    if (packedLength == length) {
      System.arraycopy(packed, 0, into, 0, length);
      return true;
    }
    try {
      return Zstd.decompressByteArray(into, 0, length, packed, 0, packedLength) == length;
    } catch (ZstdException _) {
      return false;
    }
  }
}
