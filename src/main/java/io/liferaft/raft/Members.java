package io.liferaft.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is in the cluster: asks nodes, founds and joins a group on this node's behalf, admits others
 * when it leads (one change at a time), hands leadership on.
 */
final class Members implements GroupMembership {

  private static final Logger log = LoggerFactory.getLogger(Members.class);
  private static final Duration ASK = Duration.ofSeconds(2);
  private static final String VERSION = version();

  private final LocalNode node;
  private final ReentrantLock changing = new ReentrantLock();
  private final Set<String> admitting = ConcurrentHashMap.newKeySet();

  Members(LocalNode node) {
    this.node = node;
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
  public Map<String, String> initialCluster() {
    return node.config().initialCluster();
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
        status.httpAddress(),
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
        node.fault() == null && !node.hasRoom() ? "its disk is full" : node.fault());
  }

  @Override
  public PeerAnswer ask(String raftAddress, Duration timeout) {
    return node.peers().who(raftAddress, timeout);
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
    return leader.reported() > last
        ? new Comparison.Lags(last, leader.reported())
        : new Comparison.Agrees();
  }

  @Override
  public void enterAgain(Comparison.Lags lags) {
    log.warn(
        "This node's disk is older than what the node has said before: its log ends at entry {}, it had reported {}. It is taken for a lost one and admitted again. If the volume was set back to a snapshot: give a member an empty data directory instead",
        lags.lastIndex(),
        lags.reported());
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
  public void found() {
    RatisServer server = node.server().orElseThrow(LocalNode::opening);
    try {
      leaveGroup(server);
      RaftGroupId groupId = RaftGroupId.valueOf(UUID.randomUUID());
      log.info("Founding cluster group {} with this node as its first member", groupId.getUuid());
      addGroup(server, groupId, true);
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
  private void addGroup(RatisServer server, RaftGroupId id, boolean found) throws IOException {
    Path folder = RatisServer.folder(node.config().dataDir()).resolve(id.getUuid().toString());
    boolean known = Files.exists(folder);
    try {
      node.files().run("add a group", () -> server.addGroup(id, found));
    } catch (IOException | RuntimeException e) {
      if (!known) {
        node.files().deleteFolder(folder);
      }
      throw e;
    }
  }

  @Override
  public void join(String leaderAddress, Duration timeout) {
    RatisServer server = node.server().orElseThrow(LocalNode::opening);
    String peerId = server.self().getId().toString();
    String group = node.peers().prepareAdmission(leaderAddress, id(), peerId, timeout);
    RaftGroupId groupId = RaftGroupId.valueOf(UUID.fromString(group));
    try {
      if (!server.groupId().map(groupId::equals).orElse(false)) {
        leaveGroup(server);
        log.info("Entering cluster group {} through its leader at {}", group, leaderAddress);
        addGroup(server, groupId, false);
      }
    } catch (IOException e) {
      throw new IllegalStateException("the group cannot be entered: " + e.getMessage(), e);
    }
    NodeConfig config = node.config();
    node.peers().admit(leaderAddress, peerId, config.raftAddress(), config.httpAddress(), timeout);
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
    long reported =
        division.getCommitInfos().stream()
            .filter(info -> info.getServer().getId().toStringUtf8().equals(peerId))
            .mapToLong(info -> info.getCommitIndex())
            .max()
            .orElse(-1);
    return new Peers.LeaderView(term, EntryFingerprint.of(raftLog, index), reported);
  }

  /** Removes a former incarnation of the node; returns the group's id. */
  String prepareAdmission(String nodeId, String peerId) {
    RaftServer.Division division = leading();
    List<String> known = node.payload().state().initialMembers();
    if (known.isEmpty()) {
      throw new NotReadyException("the cluster is being founded", Duration.ofSeconds(1));
    }
    if (known.stream().noneMatch(member -> member.startsWith(nodeId + "="))) {
      throw new RequestRefusedException(
          "node %s is not in the cluster's initial members (%s)"
              .formatted(nodeId, String.join(", ", known)));
    }
    if (!changing.tryLock()) {
      throw new NotReadyException(
          "another change of membership is under way", Duration.ofSeconds(1));
    }
    try {
      RaftPeer former =
          division.getRaftConf().getAllPeers(RaftPeerRole.FOLLOWER).stream()
              .filter(peer -> NodeIdentity.nodeId(peer.getId().toString()).equals(nodeId))
              .filter(peer -> !peer.getId().toString().equals(peerId))
              .findFirst()
              .orElse(null);
      if (former != null) {
        refuseWhileAlive(nodeId, former);
        log.info("Node {} comes with a new disk or address: its former incarnation leaves", nodeId);
        List<RaftPeer> rest = new ArrayList<>(division.getRaftConf().getCurrentPeers());
        rest.remove(former);
        server().changeVoters(division.getRaftConf(), rest);
      }
      return division.getMemberId().getGroupId().getUuid().toString();
    } catch (IOException e) {
      throw new NotReadyException(
          "the former incarnation of %s cannot be removed now: %s"
              .formatted(nodeId, e.getMessage()),
          Duration.ofSeconds(1));
    } finally {
      changing.unlock();
    }
  }

  private void refuseWhileAlive(String nodeId, RaftPeer former) {
    PeerAnswer there = node.peers().who(former.getAddress(), ASK);
    if (there.id().equals(nodeId) && there.standing() == PeerAnswer.Standing.MEMBER) {
      throw new RequestRefusedException(
          "node %s is running at %s with its data: two nodes cannot have one id"
              .formatted(nodeId, former.getAddress()));
    }
  }

  /** Makes a node a voter in the background; it counts when it has caught up. */
  void admit(String peerId, String raftAddress, String httpAddress) {
    RaftServer.Division division = leading();
    RaftPeerId id = RaftPeerId.valueOf(peerId);
    if (division.getRaftConf().getPeer(id, RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER) != null
        || !admitting.add(peerId)) {
      return;
    }
    node.workers().execute(() -> makeVoter(division, peerId, raftAddress, httpAddress));
  }

  private void makeVoter(
      RaftServer.Division division, String peerId, String raftAddress, String httpAddress) {
    String nodeId = NodeIdentity.nodeId(peerId);
    if (!changing.tryLock()) {
      admitting.remove(peerId); // one change at a time: it asks again
      return;
    }
    try {
      List<RaftPeer> voters = new ArrayList<>(division.getRaftConf().getCurrentPeers());
      voters.add(RatisServer.peer(peerId, raftAddress, httpAddress));
      server().changeVoters(division.getRaftConf(), voters);
      log.info("Node {} has caught up and is a voter", nodeId);
    } catch (IOException | RuntimeException e) {
      log.info("Node {} is not a voter yet, it asks again: {}", nodeId, e.toString());
    } finally {
      changing.unlock();
      admitting.remove(peerId);
    }
  }

  /** Hands leadership on when this node leads. */
  void transferHere(@Nullable String id, Duration timeout) {
    RaftServer.Division division = leading();
    List<RaftPeer> others =
        division.getRaftConf().getAllPeers(RaftPeerRole.FOLLOWER).stream()
            .filter(peer -> !peer.getId().equals(server().self().getId()))
            .toList();
    if (id != null && id.equals(id())) {
      throw new RequestRefusedException("stepdown: cannot step down to the current Leader");
    }
    List<RaftPeer> targets =
        others.stream()
            .filter(peer -> id == null || NodeIdentity.nodeId(peer.getId().toString()).equals(id))
            .toList();
    if (targets.isEmpty()) {
      throw new RequestRefusedException(
          id == null ? "stepdown: cannot find peer" : "stepdown: node not found in cluster");
    }
    if (id == null) {
      targets = lastHeardFirst(division, targets);
    }
    IOException last = null;
    for (RaftPeer target : targets) {
      try {
        server().transferLeadership(target.getId(), timeout);
        return;
      } catch (IOException e) {
        last = e;
        if (id == null && !division.getInfo().isLeader()) {
          return; // to whomever, it is handed on
        }
      }
    }
    throw new NotReadyException("stepdown: " + last, Duration.ofSeconds(1));
  }

  /** One that is down would be waited for, without a leader meanwhile. */
  private static List<RaftPeer> lastHeardFirst(
      RaftServer.Division division, List<RaftPeer> targets) {
    Map<RaftPeerId, Long> silent =
        division.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList().stream()
            .collect(
                Collectors.toMap(
                    follower -> RaftPeerId.valueOf(follower.getId().getId()),
                    follower -> follower.getLastRpcElapsedTimeMs(),
                    Math::min));
    return targets.stream()
        .sorted(
            Comparator.comparingLong(target -> silent.getOrDefault(target.getId(), Long.MAX_VALUE)))
        .toList();
  }

  private RaftServer.Division leading() {
    if (!node.leads()) {
      throw new NotLeaderException("not leader");
    }
    return node.division().orElseThrow(LocalNode::opening);
  }

  private RatisServer server() {
    return node.server().orElseThrow(LocalNode::opening);
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
        answer.httpAddress(),
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
