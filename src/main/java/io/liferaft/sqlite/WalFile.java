package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.BitSet;

/** Reads SQLite's write-ahead log: how far it is committed, and whether it is whole. */
final class WalFile {

  private static final int HEADER = 32;
  private static final int FRAME_HEADER = 24;
  private static final int MAGIC_LITTLE = 0x377f0682;
  private static final int MAGIC_BIG = 0x377f0683;

  /**
   * The committed part of a WAL.
   *
   * @param bytes up to the end of the last committed frame; 0 for none
   */
  record Extent(int salt1, int salt2, long bytes) {
    static final Extent NONE = new Extent(0, 0, 0);
  }

  /**
   * What a checkpoint would move in.
   *
   * @param units of the main file that hold the pages of its frames
   */
  record Committed(Extent extent, BitSet units) {}

  private WalFile() {}

  /** What is committed, told from the frame headers; for a WAL that this process wrote. */
  static Committed committed(Path wal) throws IOException {
    if (!Files.exists(wal) || Files.size(wal) < HEADER) {
      return new Committed(Extent.NONE, new BitSet());
    }
    try (FileChannel channel = FileChannel.open(wal, StandardOpenOption.READ)) {
      ByteBuffer header = read(channel, 0, HEADER);
      if (!isHeader(header)) {
        return new Committed(Extent.NONE, new BitSet());
      }
      int salt1 = header.getInt(16);
      int salt2 = header.getInt(20);
      int page = header.getInt(8);
      long frame = FRAME_HEADER + (long) page;
      int[] units = new int[Math.toIntExact((channel.size() - HEADER) / frame)];
      int committed = 0;
      for (int i = 0; i < units.length; i++) {
        ByteBuffer next = read(channel, HEADER + i * frame, FRAME_HEADER);
        if (next.getInt(8) != salt1 || next.getInt(12) != salt2) {
          break;
        }
        units[i] = ChangedUnits.holding(Integer.toUnsignedLong(next.getInt(0)), page);
        if (next.getInt(4) != 0) {
          committed = i + 1;
        }
      }
      BitSet changed = new BitSet();
      Arrays.stream(units, 0, committed).forEach(changed::set);
      long end = committed == 0 ? 0 : HEADER + committed * frame;
      return new Committed(new Extent(salt1, salt2, end), changed);
    }
  }

  /** Whether the chain of checksums reaches this extent and a transaction ends there. */
  static boolean reaches(Path wal, Extent extent) throws IOException {
    if (!Files.exists(wal) || Files.size(wal) < extent.bytes()) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(wal, StandardOpenOption.READ)) {
      ByteBuffer header = read(channel, 0, HEADER);
      if (!isHeader(header)
          || header.getInt(16) != extent.salt1()
          || header.getInt(20) != extent.salt2()) {
        return false;
      }
      ByteOrder order =
          header.getInt(0) == MAGIC_BIG ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
      int[] sum = new int[2];
      add(sum, header, 0, 24, order);
      if (sum[0] != header.getInt(24) || sum[1] != header.getInt(28)) {
        return false;
      }
      int page = header.getInt(8);
      boolean commit = false;
      long at = HEADER;
      for (; at < extent.bytes(); at += FRAME_HEADER + page) {
        ByteBuffer frame = read(channel, at, FRAME_HEADER + page);
        if (frame.limit() < FRAME_HEADER + page
            || frame.getInt(8) != extent.salt1()
            || frame.getInt(12) != extent.salt2()) {
          return false;
        }
        add(sum, frame, 0, 8, order);
        add(sum, frame, FRAME_HEADER, page, order);
        if (sum[0] != frame.getInt(16) || sum[1] != frame.getInt(20)) {
          return false;
        }
        commit = frame.getInt(4) != 0;
      }
      return commit && at == extent.bytes();
    }
  }

  private static boolean isHeader(ByteBuffer header) {
    return header.limit() == HEADER
        && (header.getInt(0) == MAGIC_LITTLE || header.getInt(0) == MAGIC_BIG);
  }

  /** SQLite's running checksum over pairs of words. */
  private static void add(int[] sum, ByteBuffer bytes, int from, int length, ByteOrder order) {
    ByteBuffer words = bytes.duplicate().order(order);
    int s0 = sum[0];
    int s1 = sum[1];
    for (int i = from; i < from + length; i += 8) {
      s0 += words.getInt(i) + s1;
      s1 += words.getInt(i + 4) + s0;
    }
    sum[0] = s0;
    sum[1] = s1;
  }

  private static ByteBuffer read(FileChannel channel, long at, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        break;
      }
    }
    return buffer.flip();
  }
}
