package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts off what a crash left of a write to the end of Ratis' log. Ratis makes room with zeros, and
 * refuses a segment with half an entry before zeros, or with zeros before an entry. An entry that
 * was forced, and only such a one was acknowledged, has none of its sectors missing; so the first
 * that is broken is taken for torn when one of its sectors is all zeros (as etcd does with its
 * log), and for damaged, which stays Ratis' to refuse, when none is.
 */
final class TornLog {

  private static final Logger log = LoggerFactory.getLogger(TornLog.class);
  private static final String MAGIC = "RaftLog1";
  private static final int HEADER = MAGIC.length();
  private static final int SECTOR = 512;

  /** {@code log_3-17} or {@code log_inprogress_18}. */
  private static final Pattern SEGMENT = Pattern.compile("log_(?:inprogress_)?(\\d+)(?:-(\\d+))?");

  private final byte[] bytes;
  private int entries;

  private TornLog(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Before Ratis opens what is in its folder. */
  static void cut(Path raft, FileBorder files) throws IOException {
    if (!Files.isDirectory(raft)) {
      return;
    }
    List<Path> open;
    try (Stream<Path> found = Files.walk(raft)) {
      open = found.filter(f -> f.getFileName().toString().startsWith("log_inprogress_")).toList();
    }
    for (Path segment : open) {
      TornLog read = new TornLog(Files.readAllBytes(segment));
      int end = read.end();
      if (read.torn(end)) {
        log.warn(
            "The end of the log was only half written when this node stopped, so nobody was told of it: {} is cut from {} to {} bytes",
            segment.getFileName(),
            read.bytes.length,
            end);
        files.truncate(segment, end);
      }
    }
  }

  /**
   * Deletes a log that ends before the record: a crash came when an installed copy was the database
   * already and Ratis had not dropped its log yet. It would not take up behind the copy.
   *
   * @param current Ratis' folder of the group
   */
  static void dropCovered(Path current, long recordIndex, FileBorder files) throws IOException {
    if (!Files.isDirectory(current)) {
      return;
    }
    Map<Long, Path> segments = new TreeMap<>(Comparator.reverseOrder());
    long last = -1;
    try (Stream<Path> found = Files.list(current)) {
      for (Path file : found.toList()) {
        Matcher name = SEGMENT.matcher(file.getFileName().toString());
        if (name.matches()) {
          long first = Long.parseLong(name.group(1));
          segments.put(first, file);
          if (name.group(2) == null) {
            TornLog open = new TornLog(Files.readAllBytes(file));
            int end = open.end();
            if (!open.endsAt(end)) {
              return; // damaged: what comes after that may be more than the record has
            }
            last = Math.max(last, first + open.entries - 1);
          } else {
            last = Math.max(last, Long.parseLong(name.group(2)));
          }
        }
      }
    }
    if (last < recordIndex) {
      for (Path segment : segments.values()) {
        files.delete(segment);
      }
    }
  }

  /** Whether a segment is sound up to here and has nothing behind it. */
  private boolean endsAt(int end) {
    boolean begun =
        bytes.length >= HEADER
            && new String(bytes, 0, HEADER, StandardCharsets.US_ASCII).equals(MAGIC);
    return zeros(begun ? end : 0, bytes.length);
  }

  /** Where the last whole entry ends. */
  private int end() {
    int at = Math.min(HEADER, bytes.length);
    entries = 0;
    for (int next = entryEnd(at); next > 0 && next <= bytes.length && sound(at, next); ) {
      at = next;
      entries++;
      next = entryEnd(at);
    }
    return at;
  }

  /** An entry is its length (a varint), its bytes and a checksum; -1 when there is no length. */
  private int entryEnd(int at) {
    long length = 0;
    for (int i = 0; i < 5 && at + i < bytes.length; i++) {
      length |= (bytes[at + i] & 0x7FL) << (7 * i);
      if (bytes[at + i] >= 0) {
        long end = at + i + 1 + length + Integer.BYTES;
        return length == 0 || end > Integer.MAX_VALUE ? -1 : (int) end;
      }
    }
    return -1;
  }

  private boolean sound(int from, int to) {
    CRC32C sum = new CRC32C();
    sum.update(bytes, from, to - Integer.BYTES - from);
    return (int) sum.getValue() == java.nio.ByteBuffer.wrap(bytes).getInt(to - Integer.BYTES);
  }

  private boolean torn(int at) {
    if (at < HEADER || zeros(at, bytes.length)) {
      return false;
    }
    int end = entryEnd(at);
    if (end < 0) {
      return zeros(at, Math.min(sectorEnd(at), bytes.length));
    }
    for (int from = at; from < Math.min(end, bytes.length); from = sectorEnd(from)) {
      if (zeros(from, Math.min(sectorEnd(from), Math.min(end, bytes.length)))) {
        return true;
      }
    }
    return false;
  }

  private static int sectorEnd(int at) {
    return (at / SECTOR + 1) * SECTOR;
  }

  private boolean zeros(int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
