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
import java.util.TreeMap;
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

  private final FileBorder files;
  private final Path dataDir;

  Recovery(Path dataDir) {
    this(dataDir, new DiskFiles());
  }

  Recovery(Path dataDir, FileBorder files) {
    this.files = files;
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
      folder.finishRecovery();
      TornLog.cut(dataDir, files);
      return recover(identity(), folder);
    } finally {
      folder.unlock();
    }
  }

  /**
   * What a node has to go on with.
   *
   * @param self its own peer in the newest configuration
   * @param lastTerm of the last entry it has, in its log or its database
   * @param last index of that entry; -1 for none
   * @param recordIndex that the database file stands at; -1 for none
   * @param term above which nothing is known
   */
  record Basis(
      GroupLog log, RaftPeerProto self, long lastTerm, long last, long recordIndex, long term) {

    String group() {
      return log.folder().getFileName().toString();
    }

    private List<RaftPeerProto> otherPeers() {
      return log.peers().stream().filter(peer -> !peer.getId().equals(self.getId())).toList();
    }

    /** Raft address by node id of the other members. */
    Map<String, String> others() {
      Map<String, String> others = new TreeMap<>();
      otherPeers()
          .forEach(peer ->
              others.put(NodeIdentity.nodeId(peer.getId().toStringUtf8()), peer.getAddress()));
      return others;
    }
  }

  /**
   * Looks at what is there, also when it has been put aside for a list of members; in a folder that
   * this process has.
   *
   * @throws Refused when nothing can be gone on with
   */
  Basis basis(NodeFolder folder) throws IOException, Refused {
    NodeIdentity own = identity();
    List<Path> kept = GroupLog.groupsIn(folder.keptRaft());
    return kept.isEmpty() || own.former().isEmpty()
        ? basis(own.peerId(), log(GroupLog.groups(dataDir), own, folder), folder)
        : basis(
            own.id() + "~" + own.former().substring(0, own.former().indexOf('@')),
            log(kept, own, folder),
            folder);
  }

  /**
   * Makes this node the only member of a new group, for the nodes of a list, which come to it; in a
   * folder that this process has, with the log put aside.
   *
   * @throws Refused when it cannot be done; nothing has been changed then
   */
  Outcome runFor(NodeConfig config, GroupMembership.Listed list, NodeFolder folder)
      throws IOException, Refused {
    Basis basis = basis(folder);
    NodeIdentity own = identity();
    UUID group = UUID.randomUUID();
    RaftPeerProto self =
        RatisServer.peer(own.peerId(), config.raftAddress(), config.httpAddress())
            .getRaftPeerProto();
    List<String> members =
        list.all().entrySet().stream().map(one -> one.getKey() + "=" + one.getValue()).toList();
    Path staged = stage(basis, group, entries(basis, self, members));
    new NodeIdentity(own.id(), own.incarnation(), own.raftAddress(), false, "", group.toString())
        .write(staged, files);
    count(staged);
    folder.finishRecovery();
    return outcome(own, basis, group);
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
        new LogCutting(1, 1, 0),
        JoinPlan.NONE,
        Leaving.NEVER,
        PeerTls.none());
  }

  private Outcome recover(NodeIdentity own, NodeFolder folder) throws IOException, Refused {
    Basis basis = basis(own.peerId(), log(GroupLog.groups(dataDir), own, folder), folder);
    if (basis.otherPeers().isEmpty()) {
      return new Outcome(
          own.id(),
          own.raftAddress(),
          null,
          basis.group(),
          List.of(),
          basis.last(),
          basis.recordIndex());
    }
    UUID group = UUID.randomUUID();
    count(stage(basis, group, entries(basis, basis.self(), List.of())));
    folder.finishRecovery();
    return outcome(own, basis, group);
  }

  private static Outcome outcome(NodeIdentity own, Basis basis, UUID group) {
    return new Outcome(
        own.id(),
        own.raftAddress(),
        basis.group(),
        group.toString(),
        List.copyOf(basis.others().keySet()),
        basis.last(),
        basis.recordIndex());
  }

  private Basis basis(String peerId, GroupLog log, NodeFolder folder) throws IOException, Refused {
    RaftPeerProto self = log.peer(peerId);
    if (self == null) {
      throw new Refused(
          "node %s was on its way into cluster group %s and not a member yet: recover another one"
              .formatted(NodeIdentity.nodeId(peerId), log.folder().getFileName()));
    }
    StatePayload state = state(folder);
    long recordIndex = state.state().appliedIndex();
    if (log.firstIndex() > recordIndex + 1) {
      throw new Refused(
          "the data in %s is damaged: its log begins at entry %d, its database ends at %d"
              .formatted(dataDir, log.firstIndex(), recordIndex));
    }
    boolean withLog = log.lastIndex() >= recordIndex;
    return new Basis(
        log,
        self,
        withLog ? log.lastTerm() : state.term(),
        withLog ? log.lastIndex() : recordIndex,
        recordIndex,
        Math.max(log.term(), state.term()));
  }

  private GroupLog log(List<Path> groups, NodeIdentity own, NodeFolder folder)
      throws IOException, Refused {
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
      Basis basis, RaftPeerProto self, List<String> members) {
    long term = basis.term() + 1;
    long index = basis.last() + 1;
    LogEntryProto alone =
        LogEntryProto.newBuilder()
            .setTerm(term)
            .setIndex(index)
            .setConfigurationEntry(
                RaftConfigurationProto.newBuilder()
                    .addPeers(self.toBuilder().setStartupRole(RaftPeerRole.FOLLOWER)))
            .build();
    String generation = HexFormat.of().toHexDigits(new SecureRandom().nextLong());
    byte[] command =
        LogCommandCodec.encode(new LogCommand.ClusterRecovered(basis.group(), generation, members));
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
   * Writes the new group's folder beside the old one. When the database is ahead of the log, that
   * begins anew.
   */
  private Path stage(Basis basis, UUID group, List<LogEntryProto> added) throws IOException {
    GroupLog log = basis.log();
    boolean withLog = log.lastIndex() >= basis.recordIndex();
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
    return staged;
  }

  /** The switch. */
  private void count(Path staged) throws IOException {
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
