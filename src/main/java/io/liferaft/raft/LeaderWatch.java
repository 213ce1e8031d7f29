package io.liferaft.raft;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out that the leader's process has ended before its silence says so. A follower keeps a
 * connection to the leader; when that is closed, and the leader's port refuses another, and nothing
 * has come from it for longer than its lease lasts, the follower asks the other voters. If a
 * majority has found the same, the one with the longest log has Ratis elect at once.
 *
 * <p>A leader that pauses, or that no packet reaches, keeps its port: then the election time-out
 * decides, as ever. The majority stands for the pre-vote (dissertation section 9.6), which such an
 * election passes over: a leader that is cut off from some voters only is not disturbed. And since
 * each of the majority has been without a word for longer than {@link #LEASE}, a leader that lives
 * on against all appearance has no lease to answer reads with any more (section 6.4.1).
 */
final class LeaderWatch {

  /** Part of the election time-out for which a leader may answer reads without asking again. */
  static final double LEASE = 0.25;

  /** Part of the election time-out for which the leader must have been silent. */
  static final double QUIET = 0.3;

  private static final int FEWEST_VOTERS = 3;
  private static final Duration CONNECT = Duration.ofMillis(200);

  private static final Logger log = LoggerFactory.getLogger(LeaderWatch.class);

  /** What a voter answers another that has found the leader's process ended. */
  enum Verdict {
    /** It has not found that itself, or not yet. */
    NOT_ENDED,
    /** It has, and would vote for who asks. */
    AGREED,
    /** It has, and will stand for election itself. */
    OWN_TURN;

    /** Of two that have both found it, one goes first: whose log is longer, then whose id is. */
    static Verdict between(
        TermIndex own, String ownPeerId, TermIndex candidate, String candidatePeerId) {
      int further = own.compareTo(candidate);
      boolean first = further == 0 ? ownPeerId.compareTo(candidatePeerId) < 0 : further > 0;
      return first ? OWN_TURN : AGREED;
    }
  }

  /** A leader in its term. */
  private record Leader(RaftPeerId peerId, String address, long term) {}

  private final OpenGroup group;
  private final Peers peers;
  private final Executor workers;
  private final Tally tally;
  private final Duration electionTimeout;
  private final AtomicBoolean looking = new AtomicBoolean();

  private @Nullable Leader watched;
  private boolean connected;
  private volatile @Nullable Leader ended;

  /**
   * @param workers whose threads may wait
   */
  LeaderWatch(
      OpenGroup group, Peers peers, Executor workers, Tally tally, Duration electionTimeout) {
    this.group = group;
    this.peers = peers;
    this.workers = workers;
    this.tally = tally;
    this.electionTimeout = electionTimeout;
  }

  /** A look at the connection, ten times a second by one thread; does not wait. */
  void look(RaftServer.Division division) {
    Leader leader = leader(division);
    if (!Objects.equals(leader, watched)) {
      watched = leader;
      connected = false;
      ended = null;
    }
    if (leader == null) {
      return;
    }
    if (peers.connected(leader.address())) {
      connected = true;
      ended = null;
    } else if (connected && looking.compareAndSet(false, true)) {
      try {
        workers.execute(() -> lookCloser(leader));
      } catch (RejectedExecutionException e) {
        looking.set(false);
        log.debug("A look at the leader after the end is dropped", e);
      }
    }
  }

  /** Another node that this one follows and could take the place of; null for none. */
  private static @Nullable Leader leader(RaftServer.Division division) {
    RaftConfiguration conf = division.getRaftConf();
    RaftPeerId id = division.getInfo().getLeaderId();
    if (id == null
        || division.getInfo().getCurrentRole() != RaftPeerRole.FOLLOWER
        || conf.getCurrentPeers().size() < FEWEST_VOTERS
        || !conf.getPreviousPeers().isEmpty()) {
      return null;
    }
    RaftPeer peer = conf.getPeer(id);
    return peer == null || id.equals(division.getId())
        ? null
        : new Leader(id, peer.getAddress(), division.getInfo().getCurrentTerm());
  }

  private void lookCloser(Leader leader) {
    try {
      if (ended == null && refuses(leader.address())) {
        ended = leader;
      }
      RatisServer server = group.server().orElse(null);
      RaftServer.Division division = group.division().orElse(null);
      if (server != null
          && division != null
          && ended(division, leader.peerId().toString(), leader.term())
          && othersAgree(division, leader)) {
        log.warn(
            "The leader {} has ended: it closed its connections, and its port at {} refuses others; this node stands for election",
            NodeIdentity.nodeId(leader.peerId().toString()),
            leader.address());
        tally.count(Tally.Event.LEADER_ENDED);
        server.standForElection(division, leader.peerId());
      }
    } catch (IOException | RuntimeException e) {
      log.debug("Whether the leader has ended was not found out", e);
    } finally {
      looking.set(false);
    }
  }

  /** Only a process that is not there refuses; what does not answer may be alive. */
  private static boolean refuses(String address) {
    HostPort target = HostPort.parse(address);
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(target.host(), target.port()), (int) CONNECT.toMillis());
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private boolean ended(RaftServer.Division division, String leaderPeerId, long term) {
    Leader found = ended;
    return found != null
        && found.term() == term
        && found.peerId().toString().equals(leaderPeerId)
        && division.getInfo().getCurrentTerm() == term
        && division.getInfo().isFollower()
        && silentMillis(division) >= QUIET * electionTimeout.toMillis();
  }

  private static long silentMillis(RaftServer.Division division) {
    return division
        .getInfo()
        .getRoleInfoProto()
        .getFollowerInfo()
        .getLeaderInfo()
        .getLastRpcElapsedTimeMs();
  }

  private boolean othersAgree(RaftServer.Division division, Leader leader) {
    TermIndex last = division.getRaftLog().getLastEntryTermIndex();
    if (last == null) {
      return false;
    }
    String own = division.getId().toString();
    List<CompletableFuture<Verdict>> asked =
        division.getRaftConf().getCurrentPeers().stream()
            .filter(peer -> !peer.getId().equals(division.getId()))
            .filter(peer -> !peer.getId().equals(leader.peerId()))
            .map(peer ->
                CompletableFuture.supplyAsync(
                    () -> ask(peer.getAddress(), leader, last, own), workers))
            .toList();
    List<Verdict> verdicts = asked.stream().map(CompletableFuture::join).toList();
    long agreed = 1 + verdicts.stream().filter(Verdict.AGREED::equals).count();
    return !verdicts.contains(Verdict.OWN_TURN)
        && agreed > division.getRaftConf().getCurrentPeers().size() / 2;
  }

  private Verdict ask(String address, Leader leader, TermIndex last, String own) {
    try {
      return peers.leaderEnded(
          address, leader.peerId().toString(), leader.term(), last, own, electionTimeout);
    } catch (RuntimeException e) {
      log.debug("{} does not say whether the leader has ended: {}", address, e.toString());
      return Verdict.NOT_ENDED;
    }
  }

  /** Answers another voter; any thread. */
  Verdict verdict(String leaderPeerId, long term, TermIndex candidateLast, String candidatePeerId) {
    RaftServer.Division division = group.division().orElse(null);
    if (division == null || !ended(division, leaderPeerId, term)) {
      return Verdict.NOT_ENDED;
    }
    TermIndex last = division.getRaftLog().getLastEntryTermIndex();
    return last == null
        ? Verdict.AGREED
        : Verdict.between(last, division.getId().toString(), candidateLast, candidatePeerId);
  }
}
