package io.liferaft.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * A file of Ratis' log as it lies on disk, which Ratis' own reader only takes or refuses as a
 * whole: {@code log_3-17}, or {@code log_inprogress_18} while it is written to.
 *
 * @param first its first entry
 * @param last its last entry as its name says; -1 while it is written to
 */
record SegmentFile(Path file, long first, long last) {

  private static final Pattern NAME = Pattern.compile("log_(?:inprogress_(\\d+)|(\\d+)-(\\d+))");

  /** Those in Ratis' folder of a group, in the order of their entries. */
  static List<SegmentFile> in(Path current) throws IOException {
    try (Stream<Path> files = Files.list(current)) {
      return files
          .flatMap(file -> of(file).stream())
          .sorted(Comparator.comparingLong(SegmentFile::first))
          .toList();
    }
  }

  private static Optional<SegmentFile> of(Path file) {
    Matcher name = NAME.matcher(file.getFileName().toString());
    if (!name.matches()) {
      return Optional.empty();
    }
    return Optional.of(
        name.group(1) != null
            ? new SegmentFile(file, Long.parseLong(name.group(1)), -1)
            : new SegmentFile(file, Long.parseLong(name.group(2)), Long.parseLong(name.group(3))));
  }

  boolean open() {
    return last < 0;
  }

  Content read() throws IOException {
    return new Content(Files.readAllBytes(file));
  }

  /**
   * What is in it: a header, entries, and zeros where room was made for more. An entry is its
   * length as a varint, so many bytes, and a CRC-32C over both.
   */
  static final class Content {

    private static final byte[] HEADER = "RaftLog1".getBytes(StandardCharsets.US_ASCII);

    static final int HEADER_BYTES = HEADER.length;

    private final byte[] bytes;
    private final int end;
    private int entries;

    private Content(byte[] bytes) {
      this.bytes = bytes;
      int at = Math.min(HEADER.length, bytes.length);
      for (int next = entryEnd(at); next > 0 && next <= bytes.length && sound(at, next); ) {
        at = next;
        entries++;
        next = entryEnd(at);
      }
      this.end = at;
    }

    int size() {
      return bytes.length;
    }

    /** Where the last sound entry ends. */
    int end() {
      return end;
    }

    /** How many sound entries there are up to the first that is not. */
    int entries() {
      return entries;
    }

    /** Whether it begins as such a file does. */
    boolean begun() {
      return bytes.length >= HEADER.length
          && ByteBuffer.wrap(bytes, 0, HEADER.length).equals(ByteBuffer.wrap(HEADER));
    }

    boolean zeros(int from, int to) {
      for (int i = from; i < to; i++) {
        if (bytes[i] != 0) {
          return false;
        }
      }
      return true;
    }

    /** Where an entry that begins here says that it ends; -1 when there is no length. */
    int entryEnd(int at) {
      long length = 0;
      for (int i = 0; i < 5 && at + i < bytes.length; i++) {
        length |= (bytes[at + i] & 0x7FL) << (7 * i);
        if (bytes[at + i] >= 0) {
          long next = at + i + 1 + length + Integer.BYTES;
          return length == 0 || next > Integer.MAX_VALUE ? -1 : (int) next;
        }
      }
      return -1;
    }

    private boolean sound(int from, int to) {
      CRC32C sum = new CRC32C();
      sum.update(bytes, from, to - Integer.BYTES - from);
      return (int) sum.getValue() == ByteBuffer.wrap(bytes).getInt(to - Integer.BYTES);
    }
  }
}
