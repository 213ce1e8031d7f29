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

  /** This node's data directory, for messages. */
  String dataDir();

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

  /**
   * Whether this node has been told to {@link #clear}: until then a member takes no client's
   * request, since others may go on in a group for which its own was given up.
   */
  boolean cleared();

  /** Every other member has been asked since the start, and none stands against this node. */
  void clear();

  /** What a follower finds when it holds itself against its leader. */
  sealed interface Comparison {
    record Agrees() implements Comparison {}

    /** What was committed here is not what was committed there: in words. */
    record Contradicts(String reason) implements Comparison {}

    /**
     * This disk is as of before.
     *
     * @param lastIndex of the log on it
     * @param reported as committed by this node, on this disk, to the present leader
     */
    record Lags(long lastIndex, long reported) implements Comparison {}
  }

  /**
   * Holds what this node has against its leader. Waits.
   *
   * @throws NotLeaderException when that node does not lead
   */
  Comparison compare(String leaderAddress);

  /** Leaves the group with this disk, whose promises are not to be kept, to be admitted anew. */
  void enterAgain(Comparison.Lags lags);

  /** Takes this node out of service, for a reason that an operator has to see to. */
  void standAside(String reason);

  /**
   * Gives up the group and everything in the data directory, which must hold no client's data, and
   * begins again as a fresh node. Waits.
   */
  void startAnew();
}
