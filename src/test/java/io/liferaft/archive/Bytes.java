package io.liferaft.archive;

import java.nio.ByteBuffer;

/** A database file in memory that nobody changes. */
public record Bytes(byte[] bytes) implements DatabaseSource {

  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public int read(long offset, ByteBuffer into) {
    int length = (int) Math.min(into.remaining(), bytes.length - offset);
    if (length <= 0) {
      return -1;
    }
    into.put(bytes, (int) offset, length);
    return length;
  }
}
