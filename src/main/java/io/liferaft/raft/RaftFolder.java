package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.function.BooleanSupplier;
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

  private final Path dataDir;
  private final FileBorder files;
  private final BooleanSupplier alone;

  /**
   * @param alone whether this is the cluster's only node
   */
  RaftFolder(Path dataDir, FileBorder files, BooleanSupplier alone) {
    this.dataDir = dataDir;
    this.files = files;
    this.alone = alone;
  }

  /** Whether Ratis has emptied the file of its votes: it does so when the disk is full. */
  static boolean voteIsLost(Path dataDir) {
    try {
      for (Path current : GroupLog.currents(dataDir)) {
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

  /**
   * Looks at the file of votes, which must be whole, and mends it when it is empty: this node then
   * goes on in the term of the ceiling, in which it votes for nobody else.
   *
   * @param ceiling a term above which it has never voted; 0 for none known
   * @throws IllegalStateException naming the damaged file and what to do
   */
  void check(String peerId, long ceiling) throws IOException {
    for (Path current : GroupLog.currents(dataDir)) {
      Path meta = current.resolve(META);
      if (Files.notExists(meta)) {
        if (holdsLog(current)) {
          throw damaged(meta, "is missing");
        }
      } else if (Files.size(meta) == 0 && ceiling > 0) {
        mend(current, peerId, ceiling);
      } else if (!readable(meta)) {
        throw damaged(meta, "does not say in which term this node has voted for whom");
      }
      if (alone.getAsBoolean() && holdsRecord() && !holdsLog(current)) {
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
    for (Path current : GroupLog.currents(dataDir)) {
      long next = recordIndex + 1;
      for (SegmentFile segment : SegmentFile.in(current)) {
        if (segment.first() > next) {
          String what =
              "begins at entry %d, the file with entry %d before it is missing"
                  .formatted(segment.first(), next);
          if (alone.getAsBoolean()) {
            throw damaged(segment.file(), what);
          }
          throw new SqliteException.InvalidDatabase(
              "the Raft folder is damaged: %s %s".formatted(segment.file(), what), null);
        }
        next = Math.max(next, segment.last() + 1);
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
      for (Path current : GroupLog.currents(dataDir)) {
        for (SegmentFile segment : SegmentFile.in(current)) {
          if (!isSound(segment.read())) {
            return segment.file();
          }
        }
      }
    } catch (IOException e) {
      log.debug("The damaged file cannot be told", e);
    }
    return RatisServer.folder(dataDir);
  }

  private static boolean isSound(SegmentFile.Content read) {
    return read.begun() && (read.end() == read.size() || read.zeros(read.end(), read.end() + 1));
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

  private void mend(Path current, String peerId, long term) throws IOException {
    Path meta = current.resolve(META);
    Path whole = current.resolve(META + ".tmp");
    files.write(
        whole, "term=%d\nvotedFor=%s\n".formatted(term, peerId).getBytes(StandardCharsets.UTF_8));
    files.rename(whole, meta);
    files.forceFolder(current);
    log.warn(
        "{} is empty, as a full disk leaves it: this node goes on in term {}, above all in which it may have voted",
        meta,
        term);
  }

  private IllegalStateException damaged(Path file, String what) {
    String advice =
        alone.getAsBoolean()
            ? "Put this directory back from a copy of it, or start from an empty one, which restores the backup"
            : "While the other nodes work, give this node an empty data directory: they admit it again with the leader's copy";
    return new IllegalStateException(
        "the Raft folder is damaged: %s %s. %s".formatted(file, what, advice));
  }
}
