package io.liferaft.raft;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What forming a cluster needs of this node. Methods that wait say so. */
public interface GroupMembership {

  /** Node id of this node. */
  String id();

  /** Raft address by node id, this node included. */
  Map<String, String> initialCluster();

  /** This node's own answer to "who are you". */
  PeerAnswer self();

  /**
   * Asks the node at a Raft address. Waits; without an answer the standing is UNREACHABLE and the
   * problem says why.
   */
  PeerAnswer ask(String raftAddress, Duration timeout);

  /** Founds a group with this node as its only member, under a random id. Waits. */
  void found();

  /**
   * Has this node admitted by a leader: its former incarnation is removed, the group added here,
   * then this incarnation made a voter. Waits for each step but the last, which is asked for again
   * and again until {@link #self} stands as a member.
   *
   * @throws NotLeaderException when that node does not lead
   * @throws RequestRefusedException when it refuses
   */
  void join(String leaderAddress, Duration timeout);

  /** Says what forming waits for; null when nothing. Shown in status and health. */
  void report(@Nullable String waitingFor);
}
