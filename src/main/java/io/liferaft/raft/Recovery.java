package io.liferaft.raft;

import io.liferaft.sqlite.DiskFiles;
import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.server.raftlog.LogProtoUtils;
import org.apache.ratis.server.raftlog.segmented.SegmentedRaftLogOutputStream;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * Makes the last member of a cluster the only one of a new group, with everything its log holds.
 * The new group's folder is the old one's log, two entries longer: a configuration of this node
 * alone, and the note for the replicated state. It is written beside the old one and counts from
 * one rename on; the database is not touched. See docs/adr/0006.
 */
final class Recovery {

  /** Why nothing was done, in a sentence. */
  static final class Refused extends Exception {
    Refused(String message) {
      super(message);
    }
  }

  /**
   * What was done.
   *
   * @param formerGroup null when there was nothing to do: this node is the only member already
   * @param others node ids of the former members
   * @param lastIndex of the last entry kept
   * @param recordIndex that the database file stands at; -1 for none
   */
  record Outcome(
      String nodeId,
      String raftAddress,
      @Nullable String formerGroup,
      String group,
      List<String> others,
      long lastIndex,
      long recordIndex) {}

  private final FileBorder files = new DiskFiles();
  private final Path dataDir;

  Recovery(Path dataDir) {
    this.dataDir = dataDir.toAbsolutePath().normalize();
  }

  Outcome run() throws IOException, Refused {
    NodeIdentity own = identity();
    NodeFolder folder = new NodeFolder(config(own), files);
    try {
      folder.lock();
    } catch (SqliteException.FolderInUse e) {
      throw new Refused(
          "%s is in use: stop the node %s first, and keep it stopped".formatted(dataDir, own.id()));
    }
    try {
      return runIn(folder);
    } finally {
      folder.unlock();
    }
  }

  /**
   * The same in a folder that this process has.
   *
   * @throws Refused when it cannot be done; nothing has been changed then
   */
  Outcome runIn(NodeFolder folder) throws IOException, Refused {
    folder.finishRecovery();
    TornLog.cut(dataDir, files);
    return recover(identity(), folder);
  }

  private NodeIdentity identity() throws IOException, Refused {
    if (!Files.isDirectory(dataDir)) {
      throw new Refused(dataDir + " is no directory");
    }
    NodeIdentity own;
    try {
      own = NodeIdentity.read(dataDir).orElse(null);
    } catch (IOException | IllegalArgumentException e) {
      throw new Refused("%s is damaged: %s".formatted(dataDir, e.getMessage()));
    }
    if (own == null) {
      throw new Refused(
          dataDir + " is no data directory of Liferaft: there is no node.properties in it");
    }
    return own;
  }

  private NodeConfig config(NodeIdentity own) {
    return new NodeConfig(
        own.id(),
        dataDir,
        "",
        false,
        HostPort.parse(own.raftAddress()),
        own.raftAddress(),
        Map.of(own.id(), own.raftAddress()),
        Duration.ofSeconds(1),
        false,
        1,
        1,
        JoinPlan.NONE,
        Leaving.NEVER,
        PeerTls.none());
  }

  private Outcome recover(NodeIdentity own, NodeFolder folder) throws IOException, Refused {
    GroupLog log = log(own, folder);
    RaftPeerProto self = log.peer(own.peerId());
    if (self == null) {
      throw new Refused(
          "node %s was on its way into cluster group %s and not a member yet: recover another one"
              .formatted(own.id(), log.folder().getFileName()));
    }
    StatePayload state = state(folder);
    long recordIndex = state.state().appliedIndex();
    if (log.firstIndex() > recordIndex + 1) {
      throw new Refused(
          "the data in %s is damaged: its log begins at entry %d, its database ends at %d"
              .formatted(dataDir, log.firstIndex(), recordIndex));
    }
    String former = log.folder().getFileName().toString();
    long last = Math.max(recordIndex, log.lastIndex());
    List<RaftPeerProto> others =
        log.peers().stream().filter(peer -> !peer.getId().equals(self.getId())).toList();
    if (others.isEmpty()) {
      return new Outcome(own.id(), own.raftAddress(), null, former, List.of(), last, recordIndex);
    }
    UUID group = UUID.randomUUID();
    long term = Math.max(log.term(), state.term()) + 1;
    write(log, group, entries(former, self, term, last + 1), log.lastIndex() >= recordIndex);
    folder.finishRecovery();
    return new Outcome(
        own.id(),
        own.raftAddress(),
        former,
        group.toString(),
        others.stream()
            .map(peer -> NodeIdentity.nodeId(peer.getId().toStringUtf8()))
            .distinct()
            .sorted()
            .toList(),
        last,
        recordIndex);
  }

  private GroupLog log(NodeIdentity own, NodeFolder folder) throws IOException, Refused {
    List<Path> groups = GroupLog.groups(dataDir);
    if (groups.isEmpty()) {
      if (!own.former().isEmpty()) {
        throw new Refused(
            "node %s has moved to %s and its log was put aside until it is admitted there: start it once at its former address %s, stop it and run this again"
                .formatted(
                    own.id(),
                    own.raftAddress(),
                    own.former().substring(own.former().indexOf('@') + 1)));
      }
      throw new Refused(
          folder.isFresh()
              ? "%s is fresh: node %s was never in a cluster".formatted(dataDir, own.id())
              : "%s holds no log: node %s gave it up or lost it".formatted(dataDir, own.id()));
    }
    if (groups.size() > 1) {
      throw new Refused(
          "%s holds the logs of %d cluster groups, not of one: %s"
              .formatted(dataDir, groups.size(), groups.stream().map(Path::getFileName).toList()));
    }
    try {
      return GroupLog.read(groups.getFirst());
    } catch (IOException e) {
      throw new Refused("the log in %s is damaged: %s".formatted(dataDir, e.getMessage()));
    }
  }

  private StatePayload state(NodeFolder folder) throws IOException, Refused {
    try {
      folder.checkRecord();
      byte[] payload = SqliteStore.recorded(dataDir);
      return payload == null ? Replica.FRESH : StatePayload.decode(payload);
    } catch (SqliteException | IllegalStateException e) {
      throw new Refused("the database in %s cannot be used: %s".formatted(dataDir, e.getMessage()));
    }
  }

  private static List<LogEntryProto> entries(
      String former, RaftPeerProto self, long term, long index) {
    LogEntryProto alone =
        LogEntryProto.newBuilder()
            .setTerm(term)
            .setIndex(index)
            .setConfigurationEntry(
                RaftConfigurationProto.newBuilder()
                    .addPeers(self.toBuilder().setStartupRole(RaftPeerRole.FOLLOWER)))
            .build();
    String generation = HexFormat.of().toHexDigits(new SecureRandom().nextLong());
    byte[] command = LogCommandCodec.encode(new LogCommand.ClusterRecovered(former, generation));
    StateMachineLogEntryProto note =
        LogProtoUtils.toStateMachineLogEntryProto(
            ClientId.randomId(),
            1,
            StateMachineLogEntryProto.Type.WRITE,
            ByteString.copyFrom(command),
            null);
    return List.of(alone, LogProtoUtils.toLogEntryProto(note, term, index + 1));
  }

  /**
   * Writes the new group's folder and makes it count.
   *
   * @param withLog false when the database is ahead of the log, which then begins anew
   */
  private void write(GroupLog log, UUID group, List<LogEntryProto> added, boolean withLog)
      throws IOException {
    Path staged = dataDir.resolve(NodeFolder.RECOVERING);
    files.deleteFolder(staged);
    Path current = GroupLog.current(staged.resolve(group.toString()));
    Files.createDirectories(current);
    Files.createDirectories(current.resolveSibling("sm"));
    LogEntryProto alone = added.getFirst();
    Properties meta = new Properties();
    meta.setProperty("term", Long.toString(alone.getTerm()));
    meta.setProperty("votedFor", alone.getConfigurationEntry().getPeers(0).getId().toStringUtf8());
    try (var out = Files.newOutputStream(current.resolve("raft-meta"))) {
      meta.store(out, null);
    }
    Files.write(current.resolve("raft-meta.conf"), alone.toByteArray());
    if (withLog) {
      for (Path segment : log.closed()) {
        link(segment, current.resolve(segment.getFileName()));
      }
    }
    writeOpenSegment(withLog ? log : null, current, added);
    try (var written = Files.list(current)) {
      for (Path file : written.toList()) {
        files.force(file);
      }
    }
    files.forceFolder(current);
    files.forceFolder(staged.resolve(group.toString()));
    files.forceFolder(staged);
    files.rename(staged, dataDir.resolve(NodeFolder.RECOVERED));
    files.forceFolder(dataDir);
  }

  /** A finished segment is never written to again, so both groups may have it. */
  private static void link(Path segment, Path name) throws IOException {
    try {
      Path _ = Files.createLink(name, segment);
    } catch (UnsupportedOperationException | IOException e) {
      Path _ = Files.copy(segment, name);
    }
  }

  private static void writeOpenSegment(
      @Nullable GroupLog log, Path current, List<LogEntryProto> added) throws IOException {
    var open = log == null ? null : log.open();
    String name =
        open == null
            ? "log_inprogress_" + added.getFirst().getIndex()
            : open.getPath().getFileName().toString();
    try (SegmentedRaftLogOutputStream out =
        new SegmentedRaftLogOutputStream(
            current.resolve(name).toFile(),
            false,
            RatisServer.SEGMENT_BYTES,
            RatisServer.SEGMENT_BYTES / 8,
            ByteBuffer.allocateDirect(RatisServer.WRITE_BUFFER_BYTES))) {
      if (open != null) {
        GroupLog.entries(
            open,
            entry -> {
              try {
                out.write(entry);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
      }
      for (LogEntryProto entry : added) {
        out.write(entry);
      }
    }
  }
}
