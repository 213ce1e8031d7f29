package io.liferaft.raft;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/** Turns what Ratis and the state machine know into a {@link NodeStatus}. */
final class NodeView {

  private NodeView() {}

  /** What only the node itself knows. */
  record Own(
      NodeStatus.Phase phase, @Nullable String problem, long elections, long leaderlessNanos) {}

  static NodeStatus status(
      NodeConfig config,
      Own own,
      RaftServer.@Nullable Division division,
      @Nullable RaftPeerId leading,
      ReplicatedState state,
      long recordIndex) {
    DivisionInfo info = division == null ? null : division.getInfo();
    List<NodeStatus.Member> members =
        division == null ? List.of() : members(division.getRaftConf());
    String leaderId = leading == null ? null : NodeIdentity.nodeId(leading.toString());
    Optional<NodeStatus.Member> leader =
        members.stream().filter(member -> member.id().equals(leaderId)).findFirst();
    return new NodeStatus(
        config.id(),
        config.raftAddress(),
        config.httpAddress(),
        own.phase(),
        own.problem(),
        info == null ? NodeStatus.Role.NONE : role(info),
        leader.orElse(null),
        info == null ? 0 : info.getCurrentTerm(),
        division == null ? -1 : division.getRaftLog().getLastCommittedIndex(),
        state.appliedIndex(),
        division == null ? -1 : lastIndex(division),
        recordIndex,
        own.elections(),
        formed(state, members),
        leader.isPresent() ? Duration.ZERO : Duration.ofNanos(own.leaderlessNanos()),
        members);
  }

  /** A group that is being closed closes its log before it is gone. */
  private static long lastIndex(RaftServer.Division division) {
    try {
      return division.getRaftLog().getNextIndex() - 1;
    } catch (IllegalStateException _) {
      return division.getRaftLog().getLastCommittedIndex();
    }
  }

  /** A majority of the cluster as founded are voters by now, or have been. */
  private static boolean formed(ReplicatedState state, List<NodeStatus.Member> members) {
    List<String> initial =
        state.initialMembers().stream()
            .map(member -> member.substring(0, member.indexOf('=')))
            .toList();
    long voters =
        members.stream().filter(member -> member.voter() && initial.contains(member.id())).count();
    // Afterwards those who were there first may go.
    return state.restore() instanceof RestoreRecord.Ended
        || (!initial.isEmpty() && voters > initial.size() / 2);
  }

  private static NodeStatus.Role role(DivisionInfo info) {
    return switch (info.getCurrentRole()) {
      case null -> NodeStatus.Role.NONE; // while the group starts
      case LEADER -> NodeStatus.Role.LEADER;
      case FOLLOWER -> NodeStatus.Role.FOLLOWER;
      case CANDIDATE -> NodeStatus.Role.CANDIDATE;
      case LISTENER -> NodeStatus.Role.LISTENER;
      case UNRECOGNIZED -> NodeStatus.Role.NONE;
    };
  }

  private static List<NodeStatus.Member> members(RaftConfiguration conf) {
    List<NodeStatus.Member> members = new ArrayList<>();
    conf.getAllPeers(RaftPeerRole.FOLLOWER).forEach(peer -> members.add(member(peer, true)));
    conf.getAllPeers(RaftPeerRole.LISTENER).forEach(peer -> members.add(member(peer, false)));
    members.sort(Comparator.comparing(NodeStatus.Member::id));
    return members;
  }

  private static NodeStatus.Member member(RaftPeer peer, boolean voter) {
    String http = peer.getClientAddress() == null ? "" : peer.getClientAddress();
    return new NodeStatus.Member(
        NodeIdentity.nodeId(peer.getId().toString()), peer.getAddress(), http, voter);
  }
}
