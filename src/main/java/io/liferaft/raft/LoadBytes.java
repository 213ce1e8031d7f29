package io.liferaft.raft;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Packs the bytes of load chunks: fast, and only where it helps. */
final class LoadBytes {

  /**
   * Bytes of each chunk but the last: small enough that few of them in flight are a bounded heap.
   * Chains are told over them, so this never changes.
   */
  static final int CHUNK = 1024 * 1024;

  /** Of zstd: packs several times as fast as deflate does at its fastest, and no worse. */
  private static final int LEVEL = 1;

  /** How a chunk is packed, where that makes it shorter. */
  enum Packing {
    DEFLATE,
    ZSTD
  }

  private LoadBytes() {}

  /** The packed bytes, or the bytes themselves when that is not shorter. */
  static byte[] pack(byte[] bytes, Packing packing) {
    byte[] packed =
        switch (packing) {
          case DEFLATE -> deflated(bytes);
          case ZSTD -> Zstd.compress(bytes, LEVEL);
        };
    return packed.length < bytes.length ? packed : bytes;
  }

  /** The bytes themselves when that is not shorter. */
  private static byte[] deflated(byte[] bytes) {
    Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      byte[] packed = new byte[bytes.length];
      int length = deflater.deflate(packed);
      return deflater.finished() ? Arrays.copyOf(packed, length) : bytes;
    } finally {
      deflater.end();
    }
  }

  /**
   * The bytes before packing.
   *
   * @throws IllegalArgumentException when they are damaged or too many
   */
  static byte[] unpack(byte[] packed, int length, Packing packing) {
    if (length == packed.length) {
      return packed;
    }
    if (length < 0 || length > CHUNK) {
      throw new IllegalArgumentException("a chunk of " + length + " bytes");
    }
    return switch (packing) {
      case DEFLATE -> inflated(packed, length);
      case ZSTD -> expanded(packed, length);
    };
  }

  private static byte[] expanded(byte[] packed, int length) {
    try {
      byte[] bytes = new byte[length];
      long read = Zstd.decompressByteArray(bytes, 0, length, packed, 0, packed.length);
      if (read < length) {
        throw new IllegalArgumentException("a chunk ends after " + read + " bytes");
      }
      return bytes;
    } catch (ZstdException e) {
      throw new IllegalArgumentException("a chunk cannot be unpacked", e);
    }
  }

  private static byte[] inflated(byte[] packed, int length) {
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
