package io.liferaft.support;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Bytes that begin as a SQLite file does (sqlite.org/fileformat2), as far as a backup looks. */
public final class FakeDatabase {

  private static final int PAGE_BYTES = 512;

  private FakeDatabase() {}

  public static byte[] empty() {
    return file(0, "");
  }

  public static byte[] holding(String content) {
    return file(1, content);
  }

  private static byte[] file(int objects, String content) {
    byte[] text = content.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(PAGE_BYTES + text.length);
    bytes.put(0, "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII));
    bytes.putInt(96, 3_054_001);
    bytes.put(100, (byte) 13);
    bytes.putShort(103, (short) objects);
    bytes.put(PAGE_BYTES, text);
    return bytes.array();
  }

  public static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
