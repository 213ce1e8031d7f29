package io.liferaft.archive;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/**
 * A chunk as it lies in a pack: one zstd frame (RFC 8878), or the bytes themselves where that is
 * not shorter. Which of the two is told by the length. Encrypted afterwards where there is a key.
 */
final class ChunkCodec {

  private static final SecureRandom NONCES = new SecureRandom();

  private ChunkCodec() {}

  /** Room that {@link #pack} needs. */
  static int mostBytes() {
    return (int) Zstd.compressBound(ChunkTable.CHUNK_BYTES) + Aes256Gcm.OVERHEAD_BYTES;
  }

  /** The longest that a packed chunk is. */
  static int mostPackedBytes(boolean encrypted) {
    return ChunkTable.CHUNK_BYTES + (encrypted ? Aes256Gcm.OVERHEAD_BYTES : 0);
  }

  /** What the key of a pack is derived by. */
  static String purpose(String pack) {
    return "liferaft pack " + pack;
  }

  /**
   * Packs a chunk.
   *
   * @param level of zstd; 0 leaves the bytes as they are
   * @param key of the pack; null to encrypt nothing
   * @return how many bytes of {@code into} were written
   */
  static int pack(byte[] chunk, int length, byte[] into, int level, @Nullable SecretKey key) {
    int packed = compress(chunk, length, into, level);
    return key == null
        ? packed
        : Aes256Gcm.seal(key, Arrays.copyOf(into, packed), packed, into, NONCES);
  }

  private static int compress(byte[] chunk, int length, byte[] into, int level) {
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
   * @param key of the pack; null when it is not encrypted
   * @return false when it is damaged
   */
  static boolean unpack(
      byte[] packed, int packedLength, byte[] into, int length, @Nullable SecretKey key) {
    if (key == null) {
      return expand(packed, packedLength, into, length);
    }
    byte[] plain = new byte[Math.max(0, packedLength - Aes256Gcm.OVERHEAD_BYTES)];
    try {
      int plainLength = Aes256Gcm.open(key, packed, packedLength, plain);
      return expand(plain, plainLength, into, length);
    } catch (GeneralSecurityException _) {
      return false;
    }
  }

  private static boolean expand(byte[] packed, int packedLength, byte[] into, int length) {
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
