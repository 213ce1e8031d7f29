package io.liferaft.raft;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.apache.ratis.util.SizeInBytes;
import org.jspecify.annotations.Nullable;

/**
 * Ratis' folder of one group, read while no server has it; nothing is changed. Entries are read
 * with Ratis' own reader: what it would cut off as torn is not there.
 *
 * @param folder of the group
 * @param term highest that is known of, voted in or of an entry
 * @param firstIndex of the log; -1 when it holds no entry
 * @param lastIndex likewise
 * @param lastTerm of the last entry; 0 when there is none
 * @param configuration the newest entry that says who is in the group; null when there is none
 * @param closed finished segments in order
 * @param open the unfinished one; null when there is none or nothing in it
 */
record GroupLog(
    Path folder,
    long term,
    long firstIndex,
    long lastIndex,
    long lastTerm,
    @Nullable LogEntryProto configuration,
    List<Path> closed,
    @Nullable LogSegmentPath open) {

  /** It cannot be read. */
  static final class Damaged extends IOException {
    Damaged(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  static Path current(Path group) {
    return group.resolve("current");
  }

  /** Folders of the groups that Ratis would start. */
  static List<Path> groups(Path dataDir) throws IOException {
    return groupsIn(RatisServer.folder(dataDir));
  }

  /** Likewise of a Raft folder that is kept elsewhere. */
  static List<Path> groupsIn(Path raft) throws IOException {
    if (!Files.isDirectory(raft)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(raft)) {
      return all.filter(Files::isDirectory).sorted().toList();
    }
  }

  /** Where their logs are. */
  static List<Path> currents(Path dataDir) throws IOException {
    return groups(dataDir).stream().map(GroupLog::current).filter(Files::isDirectory).toList();
  }

  /**
   * Reads every entry once.
   *
   * @throws Damaged saying where
   */
  static GroupLog read(Path group) throws IOException {
    Path current = current(group);
    Scan scan = new Scan(term(current.resolve("raft-meta")));
    scan.configuration(storedConfiguration(current.resolve("raft-meta.conf")));
    List<Path> closed = new ArrayList<>();
    LogSegmentPath open = null;
    for (LogSegmentPath segment : segments(current)) {
      long before = scan.last;
      entries(segment, scan);
      String name = segment.getPath().getFileName().toString();
      boolean unfinished = name.startsWith("log_inprogress_");
      if (!unfinished && !name.endsWith("-" + scan.last)) {
        throw new Damaged("%s ends at entry %d".formatted(segment.getPath(), scan.last), null);
      }
      if (unfinished) {
        open = scan.last == before ? null : segment;
      } else {
        closed.add(segment.getPath());
      }
    }
    return new GroupLog(
        group, scan.term, scan.first, scan.last, scan.lastTerm, scan.newest, closed, open);
  }

  /** The peer of the newest configuration with this id; null when it names none. */
  @Nullable RaftPeerProto peer(String peerId) {
    return peers().stream()
        .filter(peer -> peer.getId().toStringUtf8().equals(peerId))
        .findFirst()
        .orElse(null);
  }

  /** Everybody in the newest configuration, those of a change under way included. */
  List<RaftPeerProto> peers() {
    LogEntryProto newest = configuration;
    if (newest == null) {
      return List.of();
    }
    RaftConfigurationProto conf = newest.getConfigurationEntry();
    return Stream.of(
            conf.getPeersList(),
            conf.getListenersList(),
            conf.getOldPeersList(),
            conf.getOldListenersList())
        .flatMap(List::stream)
        .distinct()
        .toList();
  }

  static void entries(LogSegmentPath segment, Consumer<LogEntryProto> each) throws Damaged {
    try {
      int _ =
          LogSegment.readSegmentFile(
              segment.getPath().toFile(),
              segment.getStartEnd(),
              SizeInBytes.valueOf(RatisServer.MAX_ENTRY_BYTES),
              CorruptionPolicy.EXCEPTION,
              null,
              each);
    } catch (IOException | RuntimeException e) {
      throw new Damaged(
          "%s: %s".formatted(segment.getPath(), e.getMessage() == null ? e : e.getMessage()), e);
    }
  }

  private static List<LogSegmentPath> segments(Path current) throws IOException {
    List<LogSegmentPath> segments = new ArrayList<>();
    try (Stream<Path> files = Files.list(current)) {
      for (Path file : files.toList()) {
        // Ratis' own matcher deletes an empty one.
        LogSegmentPath segment =
            Files.size(file) == 0 ? null : LogSegmentPath.matchLogSegment(file);
        if (segment != null) {
          segments.add(segment);
        }
      }
    }
    segments.sort(Comparator.comparing(LogSegmentPath::getStartEnd));
    return segments;
  }

  private static long term(Path meta) throws IOException {
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(meta)) {
      properties.load(in);
      return Long.parseLong(properties.getProperty("term", ""));
    } catch (IOException | IllegalArgumentException e) {
      throw new Damaged("%s cannot be read: %s".formatted(meta, e), e);
    }
  }

  /**
   * Whether the node was the only member of its group, as far as it has noted; also while another
   * was just being added. False when that cannot be read.
   */
  static boolean alone(Path dataDir, String peerId) {
    try {
      List<Path> groups = currents(dataDir);
      LogEntryProto stored =
          groups.size() == 1
              ? storedConfiguration(groups.getFirst().resolve("raft-meta.conf"))
              : null;
      List<RaftPeerProto> peers =
          stored == null ? List.of() : stored.getConfigurationEntry().getPeersList();
      return peers.size() == 1 && peers.getFirst().getId().toStringUtf8().equals(peerId);
    } catch (IOException e) {
      return false; // opening the group says what is wrong with it
    }
  }

  private static @Nullable LogEntryProto storedConfiguration(Path file) throws IOException {
    if (Files.notExists(file)) {
      return null;
    }
    try {
      return LogEntryProto.parseFrom(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new Damaged("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** What is seen on the way through the entries. */
  private static final class Scan implements Consumer<LogEntryProto> {
    private long term;
    private long first = -1;
    private long last = -1;
    private long lastTerm;
    private @Nullable LogEntryProto newest;

    Scan(long term) {
      this.term = term;
    }

    @Override
    public void accept(LogEntryProto entry) {
      if (first < 0) {
        first = entry.getIndex();
      } else if (entry.getIndex() != last + 1) {
        throw new IllegalStateException(
            "entry %d follows on entry %d".formatted(entry.getIndex(), last));
      }
      last = entry.getIndex();
      lastTerm = entry.getTerm();
      term = Math.max(term, entry.getTerm());
      configuration(entry);
    }

    void configuration(@Nullable LogEntryProto entry) {
      LogEntryProto before = newest;
      if (entry != null
          && entry.hasConfigurationEntry()
          && (before == null || entry.getIndex() >= before.getIndex())) {
        newest = entry;
      }
    }
  }
}
