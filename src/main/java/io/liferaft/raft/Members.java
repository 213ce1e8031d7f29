package io.liferaft.raft;

import io.liferaft.security.Credentials;
import io.liferaft.security.NotAuthorizedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is in the cluster: asks nodes, founds and joins a group on this node's behalf, hands
 * leadership on. {@link Admissions} let others in.
 */
final class Members implements GroupMembership {

  private static final Logger log = LoggerFactory.getLogger(Members.class);
  private static final Duration ASK = Duration.ofSeconds(2);
  private static final String VERSION = version();

  private final LocalNode node;
  private final Credentials joinsAs;
  private final Introductions introductions = new Introductions();
  private volatile Map<String, String> candidates = Map.of();

  /**
   * @param joinsAs the user that this node joins as
   */
  Members(LocalNode node, Credentials joinsAs) {
    this.node = node;
    this.joinsAs = joinsAs;
  }

  private static String version() {
    String version = Members.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }

  @Override
  public String id() {
    return node.config().id();
  }

  @Override
  public Map<String, String> members() {
    return node.known().all();
  }

  @Override
  public JoinPlan plan() {
    return node.config().join();
  }

  @Override
  public Optional<Listed> listed() {
    return node.listed();
  }

  @Override
  public void goOnForListed() {
    node.goOnForListed();
  }

  @Override
  public boolean foundedAlone() {
    NodeStatus status = node.status();
    ReplicatedState state = node.payload().state();
    return status.formed()
        && status.members().size() == 1
        && state.formerGroups().isEmpty()
        && state.initialMembers().size() == 1
        && state.initialMembers().getFirst().startsWith(id() + "=");
  }

  @Override
  public boolean removed() {
    return node.removed();
  }

  @Override
  public void leave() {
    node.leave();
  }

  @Override
  public Map<String, String> introduced() {
    return introductions.recent();
  }

  /** Another node has said who it is. */
  void introduce(String id, String raftAddress) {
    introductions.add(id, raftAddress);
  }

  @Override
  public void candidates(Map<String, String> byId) {
    candidates = Map.copyOf(byId);
  }

  @Override
  public PeerAnswer self() {
    NodeStatus status = node.status();
    ReplicatedState state = node.payload().state();
    PeerAnswer.Standing standing = node.standing();
    NodeStatus.Member leader = status.leader();
    boolean voter =
        status.members().stream().anyMatch(member -> member.id().equals(id()) && member.voter());
    return new PeerAnswer(
        id(),
        status.raftAddress(),
        node.config().httpUrl(),
        VERSION,
        standing,
        node.groupId(),
        state.formerGroups(),
        state.clusterId(),
        Math.max(status.lastLogIndex(), state.appliedIndex()),
        voter,
        node.leads(),
        leader == null ? null : leader.id(),
        leader == null ? null : leader.raftAddress(),
        node.holdsData(),
        candidates,
        node.offer(),
        node.fault() == null && !node.hasRoom() ? "its disk is full" : node.fault());
  }

  @Override
  public PeerAnswer ask(String raftAddress, Duration timeout) {
    return node.peers().who(raftAddress, timeout);
  }

  @Override
  public PeerAnswer introduce(String raftAddress, Duration timeout) {
    return node.peers().who(raftAddress, id(), node.config().raftAddress(), timeout);
  }

  @Override
  public boolean cleared() {
    return node.cleared();
  }

  @Override
  public void clear() {
    node.clear();
  }

  @Override
  public void standAside(String reason) {
    node.standAside(reason);
  }

  @Override
  public void startAnew() {
    log.info("This node holds no data and its cluster is gone: it starts anew");
    node.startAnew();
  }

  @Override
  public Comparison compare(String leaderAddress) {
    RaftServer.Division division = node.division().orElseThrow(LocalNode::opening);
    OwnEnd own = OwnEnd.of(division).orElse(null);
    if (own == null || node.leads()) {
      return new Comparison.Agrees();
    }
    TermIndex applied = own.applied();
    Peers.LeaderView leader = node.peers().compare(leaderAddress, own, ASK);
    if (!leader.member()) {
      return new Comparison.Removed();
    }
    if (leader.contradicts(own)) {
      return new Comparison.Contradicts(
          "this node has applied log entry %d of term %d, the leader at %s %s: the cluster has lost writes that it had acknowledged, as when a disk comes back as it was some time ago. This node takes no part any more, and may hold what the others lack: keep its data directory, and start it with an empty one to have it admitted; or stop the others for good and run: liferaftd recover %s"
              .formatted(
                  applied.getIndex(),
                  applied.getTerm(),
                  leaderAddress,
                  leader.term() == Peers.LeaderView.MISSING
                      ? "has none there"
                      : "has another one of term " + leader.term(),
                  dataDir()));
    }
    long last = Math.max(division.getRaftLog().getNextIndex() - 1, applied.getIndex());
    return leader.written() > last
        ? new Comparison.Lags(last, leader.written())
        : new Comparison.Agrees();
  }

  @Override
  public void enterAgain(Comparison.Lags lags) {
    log.warn(
        "This node's disk is older than what the node has said before: its log ends at entry {}, it had written up to {}. It is taken for a lost one and admitted again. If the volume was set back to a snapshot: give a member an empty data directory instead",
        lags.lastIndex(),
        lags.written());
    node.enterAgain();
  }

  @Override
  public void enterAfterRemoval() {
    log.warn("This node was removed from its cluster while it was down");
    node.enterAgain();
  }

  @Override
  public String dataDir() {
    return node.config().dataDir().toString();
  }

  @Override
  public void report(@Nullable String waitingFor) {
    node.report(waitingFor);
  }

  @Override
  public void found(Map<String, String> members) {
    RatisServer server = node.openServer();
    try {
      leaveGroup(server);
      node.known().remember(members);
      RaftGroupId groupId = RaftGroupId.valueOf(UUID.randomUUID());
      log.info("Founding cluster group {} with this node as its first member", groupId.getUuid());
      addGroup(server, groupId, List.of(server.self()));
    } catch (IOException e) {
      throw new IllegalStateException("the group cannot be founded: " + e.getMessage(), e);
    }
  }

  /**
   * Leaves the group of an admission that came to nothing; never one that this node has data of.
   */
  private void leaveGroup(RatisServer server) throws IOException {
    var current = server.groupId();
    if (current.isPresent()) {
      // Not the log's end: who was only on its way in may have entries without any client's data.
      long last = node.payload().state().changeIndex();
      if (last > 0) {
        throw new IllegalStateException(
            "this node holds data of cluster group %s up to log index %d, but no configuration that names it: its Raft folder is damaged. Give it an empty data directory to have it admitted again, or restore the directory from a copy"
                .formatted(current.get().getUuid(), last));
      }
      node.files().run("leave the group", () -> server.removeGroup(current.get()));
    }
  }

  /** When it fails Ratis leaves a locked folder behind, which would be a second group later. */
  private void addGroup(RatisServer server, RaftGroupId id, List<RaftPeer> members)
      throws IOException {
    Path folder = RatisServer.folder(node.config().dataDir(), id);
    boolean known = Files.exists(folder);
    try {
      node.files().run("add a group", () -> server.addGroup(id, members));
    } catch (IOException | RuntimeException e) {
      if (!known) {
        node.files().deleteFolder(folder);
      }
      throw e;
    }
  }

  @Override
  public void join(String leaderAddress, Duration timeout) {
    RatisServer server = node.openServer();
    Newcomer newcomer = newcomer(server.self().getId().toString());
    try {
      join(server, newcomer, leaderAddress, timeout);
    } catch (NotAuthorizedException e) {
      throw new RequestRefusedException(newcomer.notAuthorized());
    }
  }

  private void join(RatisServer server, Newcomer newcomer, String leaderAddress, Duration timeout) {
    Admissions.Room room = node.peers().prepareAdmission(leaderAddress, newcomer, timeout);
    RaftGroupId groupId = RaftGroupId.valueOf(UUID.fromString(room.groupId()));
    try {
      if (!server.groupId().map(groupId::equals).orElse(false)) {
        leaveGroup(server);
        log.info("Entering cluster group {} through its leader at {}", groupId, leaderAddress);
        addGroup(server, groupId, newcomer.nonVoter() ? beside(room, server) : List.of());
      }
    } catch (IOException e) {
      throw new IllegalStateException("the group cannot be entered: " + e.getMessage(), e);
    }
    node.peers().admit(leaderAddress, newcomer, timeout);
  }

  private Newcomer newcomer(String peerId) {
    NodeConfig config = node.config();
    Listed listed = node.listed().orElse(null);
    Newcomer.Way way =
        listed != null
            ? Newcomer.Way.LISTED
            : config.join().joins()
                ? Newcomer.Way.JOINS
                : config.initialCluster().size() > 1 ? Newcomer.Way.LISTED : Newcomer.Way.RETURNS;
    return new Newcomer(
        id(),
        peerId,
        config.raftAddress(),
        config.httpAddress(),
        listed == null ? config.join().nonVoter() : listed.nonVoters().containsKey(id()),
        way,
        joinsAs);
  }

  /** Over an empty list a non-voter would end at the next long time without a leader. */
  private static List<RaftPeer> beside(Admissions.Room room, RatisServer server) {
    List<RaftPeer> peers = new ArrayList<>();
    for (int i = 0; i < room.members().size(); i++) {
      NodeStatus.Member voter = room.members().get(i);
      peers.add(RatisServer.peer(room.peerIds().get(i), voter.raftAddress(), voter.httpAddress()));
    }
    peers.add(RatisServer.listener(server.self()));
    return peers;
  }

  // --- on the leader ---

  /** What this leader holds against a follower. */
  Peers.LeaderView compareHere(String peerId, long index) {
    if (!node.elected()) {
      throw new NotLeaderException("not leader");
    }
    RaftServer.Division division = node.division().orElseThrow(LocalNode::opening);
    RaftLog raftLog = division.getRaftLog();
    TermIndex entry = raftLog.getTermIndex(index);
    long term =
        index >= raftLog.getNextIndex()
            ? Peers.LeaderView.MISSING
            : entry == null ? Peers.LeaderView.PURGED : entry.getTerm();
    boolean member =
        division
                .getRaftConf()
                .getPeer(RaftPeerId.valueOf(peerId), RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER)
            != null;
    return new Peers.LeaderView(
        term, EntryFingerprint.of(raftLog, index), written(division.getInfo(), peerId), member);
  }

  /**
   * The last entry that a follower has said is on its disk, since this node leads; -1 for none. The
   * commit index that Ratis has it report may be ahead of that: of entries that it has only been
   * sent.
   */
  private static long written(DivisionInfo info, String peerId) {
    ByteString follower = ByteString.copyFromUtf8(peerId);
    List<ByteString> ids;
    long[] written;
    do { // the two lists belong together unless a change of the members comes in between
      ids = followers(info);
      written = info.getFollowerMatchIndices();
    } while (!ids.equals(followers(info)));
    int place = ids.indexOf(follower);
    return place < 0 || place >= written.length ? -1 : written[place];
  }

  private static List<ByteString> followers(DivisionInfo info) {
    return info.getRoleInfoProto().getLeaderInfo().getFollowerInfoList().stream()
        .map(follower -> follower.getId().getId())
        .toList();
  }

  /** Hands leadership on when this node leads. */
  void transferHere(@Nullable String id, Duration timeout) {
    RaftServer.Division division = node.leading();
    List<RaftPeer> others =
        division.getRaftConf().getAllPeers(RaftPeerRole.FOLLOWER).stream()
            .filter(peer -> !peer.getId().equals(node.openServer().self().getId()))
            .toList();
    if (id != null && id.equals(id())) {
      throw new RequestRefusedException("stepdown: cannot step down to the current Leader");
    }
    List<RaftPeerId> targets =
        others.stream()
            .map(RaftPeer::getId)
            .filter(peer -> id == null || NodeIdentity.nodeId(peer.toString()).equals(id))
            .toList();
    if (targets.isEmpty()) {
      throw new RequestRefusedException(
          id == null ? "stepdown: cannot find peer" : "stepdown: node not found in cluster");
    }
    if (id == null) {
      targets = lastHeardFirst(division, targets);
    }
    Transfer transfer =
        new Transfer(
            () -> division.getInfo().isLeader(),
            node.leaderSignal(),
            node.config().electionTimeout());
    IOException refusal =
        transfer.to(targets, id == null, timeout, node.openServer()::transferLeadership);
    NodeStatus.Member leader = node.status().leader();
    boolean wanted = leader != null && leader.id().equals(id);
    if (refusal == null || wanted) {
      return;
    }
    if (leader != null && !leader.id().equals(id())) {
      throw new NotLeaderException("stepdown: " + reason(refusal)); // that one can be asked
    }
    throw new NotReadyException("stepdown: " + reason(refusal), Duration.ofSeconds(1));
  }

  private static String reason(IOException refusal) {
    String message = refusal.getMessage();
    return message == null ? refusal.getClass().getSimpleName() : message;
  }

  /** One that is down would be waited for, without a leader meanwhile. */
  private static List<RaftPeerId> lastHeardFirst(
      RaftServer.Division division, List<RaftPeerId> targets) {
    Map<RaftPeerId, Long> silent =
        division.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList().stream()
            .collect(
                Collectors.toMap(
                    follower -> RaftPeerId.valueOf(follower.getId().getId()),
                    follower -> follower.getLastRpcElapsedTimeMs(),
                    Math::min));
    return targets.stream()
        .sorted(Comparator.comparingLong(target -> silent.getOrDefault(target, Long.MAX_VALUE)))
        .toList();
  }

  // --- asking ---

  List<NodeProbe> probeAll(boolean nonVoters, Duration timeout) {
    List<CompletableFuture<NodeProbe>> asked = new ArrayList<>();
    for (NodeStatus.Member member : node.status().members()) {
      if (member.voter() || nonVoters) {
        asked.add(CompletableFuture.supplyAsync(() -> probe(member, timeout), node.workers()));
      }
    }
    return asked.stream().map(CompletableFuture::join).toList();
  }

  private NodeProbe probe(NodeStatus.Member member, Duration timeout) {
    NodeProbe probe = probe(member.raftAddress(), timeout);
    return probe.reachable()
        ? probe
        : new NodeProbe(
            member.id(),
            member.raftAddress(),
            "",
            "",
            member.voter(),
            false,
            false,
            "",
            -1,
            probe.error(),
            probe.took());
  }

  NodeProbe probe(String raftAddress, Duration timeout) {
    long begin = System.nanoTime();
    PeerAnswer answer =
        raftAddress.equals(node.config().raftAddress()) ? self() : ask(raftAddress, timeout);
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    boolean silent = answer.standing() == PeerAnswer.Standing.UNREACHABLE;
    return new NodeProbe(
        answer.id(),
        raftAddress,
        answer.httpUrl(),
        answer.version(),
        answer.voter(),
        answer.leads(),
        answer.hasData(),
        answer.clusterId(),
        answer.lastIndex(),
        silent ? String.valueOf(answer.problem()) : null,
        took);
  }
}
