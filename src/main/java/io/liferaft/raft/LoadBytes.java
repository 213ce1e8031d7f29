package io.liferaft.raft;

import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Packs the bytes of load chunks: fast, and only where it helps. */
final class LoadBytes {

  /** Most bytes of one chunk: small enough that few of them in flight are a bounded heap. */
  static final int CHUNK = 1024 * 1024;

  private LoadBytes() {}

  /** The deflated bytes, or the bytes themselves when that is not shorter. */
  static byte[] pack(byte[] bytes) {
    Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      byte[] packed = new byte[bytes.length];
      int length = deflater.deflate(packed);
      boolean shorter = deflater.finished() && length < bytes.length;
      return shorter ? Arrays.copyOf(packed, length) : bytes;
    } finally {
      deflater.end();
    }
  }

  /**
   * The bytes before packing.
   *
   * @throws IllegalArgumentException when they are damaged or too many
   */
  static byte[] unpack(byte[] packed, int length) {
    if (length == packed.length) {
      return packed;
    }
    if (length < 0 || length > CHUNK) {
      throw new IllegalArgumentException("a chunk of " + length + " bytes");
    }
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(packed);
      byte[] bytes = new byte[length];
      int read = 0;
      while (read < length) {
        int step = inflater.inflate(bytes, read, length - read);
        if (step == 0) {
          throw new IllegalArgumentException("a chunk ends after " + read + " bytes");
        }
        read += step;
      }
      return bytes;
    } catch (DataFormatException e) {
      throw new IllegalArgumentException("a chunk cannot be unpacked", e);
    } finally {
      inflater.end();
    }
  }
}
