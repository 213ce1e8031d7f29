package io.liferaft.raft;

import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.zip.CRC32C;
import org.apache.ratis.io.CorruptedFileException;
import org.apache.ratis.protocol.exceptions.ChecksumException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ratis' folder, looked at before Ratis opens it: damage is told by the file's name, and the one
 * that a full disk does is mended.
 */
final class RaftFolder {

  private static final Logger log = LoggerFactory.getLogger(RaftFolder.class);
  private static final String META = "raft-meta";
  private static final byte[] HEADER = "RaftLog1".getBytes(StandardCharsets.US_ASCII);

  private final Path dataDir;
  private final boolean alone;

  /**
   * @param alone whether this is the cluster's only node
   */
  RaftFolder(Path dataDir, boolean alone) {
    this.dataDir = dataDir;
    this.alone = alone;
  }

  /** Whether Ratis has emptied the file of its votes: it does so when the disk is full. */
  static boolean voteIsLost(Path dataDir) {
    try {
      for (Path current : groups(dataDir)) {
        Path meta = current.resolve(META);
        if (Files.exists(meta) && Files.size(meta) == 0) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      log.debug("The Raft folder cannot be looked at", e);
      return false;
    }
  }

  /** The {@code current} folders of all groups. */
  private static List<Path> groups(Path dataDir) throws IOException {
    Path raft = RatisServer.folder(dataDir);
    List<Path> groups = new ArrayList<>();
    if (Files.isDirectory(raft)) {
      try (DirectoryStream<Path> folders = Files.newDirectoryStream(raft)) {
        for (Path group : folders) {
          Path current = group.resolve("current");
          if (Files.isDirectory(current)) {
            groups.add(current);
          }
        }
      }
    }
    return groups;
  }

  /**
   * Looks at the file of votes, which must be whole, and mends it when it is empty: this node then
   * goes on in the term of the ceiling, in which it votes for nobody else.
   *
   * @param ceiling a term above which it has never voted; 0 for none known
   * @throws IllegalStateException naming the damaged file and what to do
   */
  void check(String peerId, long ceiling) throws IOException {
    for (Path current : groups(dataDir)) {
      Path meta = current.resolve(META);
      if (Files.notExists(meta)) {
        if (holdsLog(current)) {
          throw damaged(meta, "is missing");
        }
      } else if (Files.size(meta) == 0 && ceiling > 0) {
        mend(meta, peerId, ceiling);
      } else if (!readable(meta)) {
        throw damaged(meta, "does not say in which term this node has voted for whom");
      }
      if (alone && holdsRecord() && !holdsLog(current)) {
        throw damaged(current, "has lost its log");
      }
    }
  }

  /**
   * What comes behind the record must be in the log. A member of several whose log has a hole (it
   * may have died while it took the leader's copy) has lost its disk, and comes back like that.
   *
   * @throws IllegalStateException on a lone node, naming the first entry that is missing
   * @throws SqliteException.InvalidDatabase on others
   */
  void checkLogFollows(long recordIndex) throws IOException {
    for (Path current : groups(dataDir)) {
      long next = recordIndex + 1;
      for (Segment segment : segments(current)) {
        if (segment.first > next) {
          String what =
              "begins at entry %d, the file with entry %d before it is missing"
                  .formatted(segment.first, next);
          if (alone) {
            throw damaged(segment.file, what);
          }
          throw new SqliteException.InvalidDatabase(
              "the Raft folder is damaged: %s %s".formatted(segment.file, what), null);
        }
        next = Math.max(next, segment.last + 1);
      }
    }
  }

  /** What to say when Ratis has found a file of its log damaged; empty for other failures. */
  Optional<IllegalStateException> damaging(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ChecksumException || cause instanceof CorruptedFileException) {
        return Optional.of(damaged(damagedSegment(), "cannot be read: " + cause.getMessage()));
      }
    }
    return Optional.empty();
  }

  /** Ratis does not say in which file it met a wrong checksum. */
  private Path damagedSegment() {
    try {
      for (Path current : groups(dataDir)) {
        for (Segment segment : segments(current)) {
          if (!entriesAreSound(segment.file)) {
            return segment.file;
          }
        }
      }
    } catch (IOException e) {
      log.debug("The damaged file cannot be told", e);
    }
    return RatisServer.folder(dataDir);
  }

  /** Every entry is a length as a varint, so many bytes, and a CRC-32C over both. */
  private static boolean entriesAreSound(Path segment) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(segment));
    if (bytes.remaining() < HEADER.length || !startsWith(bytes, HEADER)) {
      return false;
    }
    while (bytes.hasRemaining() && bytes.get(bytes.position()) != 0) {
      int start = bytes.position();
      int length = 0;
      byte next = -1;
      for (int shift = 0; next < 0 && bytes.hasRemaining() && shift < Integer.SIZE; shift += 7) {
        next = bytes.get();
        length |= (next & 0x7f) << shift;
      }
      int end = bytes.position() + length;
      if (length < 0 || end < 0 || end > bytes.limit() - Integer.BYTES) {
        return false;
      }
      CRC32C crc = new CRC32C();
      crc.update(bytes.array(), start, end - start);
      if (bytes.getInt(end) != (int) crc.getValue()) {
        return false;
      }
      ByteBuffer _ = bytes.position(end + Integer.BYTES);
    }
    return true;
  }

  private static boolean startsWith(ByteBuffer bytes, byte[] prefix) {
    byte[] begin = new byte[prefix.length];
    ByteBuffer _ = bytes.get(begin);
    return java.util.Arrays.equals(begin, prefix);
  }

  private boolean holdsRecord() {
    return Files.exists(dataDir.resolve(NodeFolder.RECORD));
  }

  private static boolean holdsLog(Path current) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(current, "log_*")) {
      return files.iterator().hasNext();
    }
  }

  private static boolean readable(Path meta) throws IOException {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(meta)) {
      properties.load(reader);
    } catch (IllegalArgumentException | java.nio.charset.CharacterCodingException e) {
      return false;
    }
    return properties.getProperty("term", "").matches("\\d{1,18}")
        && properties.getProperty("votedFor") != null;
  }

  private static void mend(Path meta, String peerId, long term) throws IOException {
    Path whole = meta.resolveSibling(META + ".tmp");
    byte[] content =
        "term=%d\nvotedFor=%s\n".formatted(term, peerId).getBytes(StandardCharsets.UTF_8);
    try (FileChannel channel =
        FileChannel.open(
            whole,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        int _ = channel.write(bytes);
      }
      channel.force(true);
    }
    Path _ =
        Files.move(
            whole, meta, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel folder = FileChannel.open(meta.getParent(), StandardOpenOption.READ)) {
      folder.force(true);
    }
    log.warn(
        "{} is empty, as a full disk leaves it: this node goes on in term {}, above all in which it may have voted",
        meta,
        term);
  }

  private IllegalStateException damaged(Path file, String what) {
    String advice =
        alone
            ? "Put this directory back from a copy of it, or start from an empty one, which restores the backup"
            : "While the other nodes work, give this node an empty data directory: they admit it again with the leader's copy";
    return new IllegalStateException(
        "the Raft folder is damaged: %s %s. %s".formatted(file, what, advice));
  }

  /**
   * A file of the log.
   *
   * @param last its last entry as its name says; -1 while it is written to
   */
  private record Segment(Path file, long first, long last) {}

  private static List<Segment> segments(Path current) throws IOException {
    List<Segment> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(current, "log_*")) {
      for (Path file : files) {
        String[] parts = file.getFileName().toString().split("[_-]", -1);
        try {
          found.add(
              parts[1].equals("inprogress")
                  ? new Segment(file, Long.parseLong(parts[2]), -1)
                  : new Segment(file, Long.parseLong(parts[1]), Long.parseLong(parts[2])));
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
          log.debug("{} is no file of the log", file);
        }
      }
    } catch (java.nio.file.DirectoryIteratorException e) {
      throw new UncheckedIOException(e.getCause());
    }
    found.sort(java.util.Comparator.comparingLong(Segment::first));
    return found;
  }
}
