package io.liferaft.raft;

import java.time.Duration;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.RaftServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The other nodes, asked one after the other. Asking waits, so it is for the opening thread and
 * those of {@code raft-peer} only.
 */
final class OtherNodes {

  /** Limit of one question. */
  static final Duration ASK = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(OtherNodes.class);

  private final KnownMembers known;
  private final Peers peers;

  OtherNodes(KnownMembers known, Peers peers) {
    this.known = known;
    this.peers = peers;
  }

  private Stream<String> addresses() {
    return known.others().values().stream();
  }

  /** Whether a member has no problem; a full disk would be one. */
  boolean anotherHasRoom() {
    return addresses()
        .map(address -> peers.who(address, ASK))
        .anyMatch(
            answer -> answer.standing() == PeerAnswer.Standing.MEMBER && answer.problem() == null);
  }

  /** Whether a leader has applied what comes after an index. */
  boolean leaderIsPast(long index) {
    return addresses()
        .anyMatch(address -> peers.who(address, ASK).leads() && copyIndex(address) > index);
  }

  private long copyIndex(String leader) {
    try {
      Peers.CopyTicket ticket = peers.openCopy(leader, false, ASK);
      peers.closeCopy(leader, ticket.ticket(), ASK);
      return StatePayload.decode(ticket.record()).state().appliedIndex();
    } catch (RuntimeException e) {
      log.debug("The leader at {} has no copy now: {}", leader, e.toString());
      return -1;
    }
  }

  /** Somebody of the group who is not in this node's list was not asked, and may hold data. */
  void checkAllKnown(RaftServer.Division division) {
    for (RaftPeer peer : division.getRaftConf().getAllPeers(RaftPeerRole.FOLLOWER)) {
      String member = NodeIdentity.nodeId(peer.getId().toString());
      if (!known.knows(member)) {
        throw new IllegalStateException(
            "the cluster has lost its quorum, and its member %s at %s is not in liferaft.raft.initial-cluster: add it, it may hold data"
                .formatted(member, peer.getAddress()));
      }
    }
  }
}
