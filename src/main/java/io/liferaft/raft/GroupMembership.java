package io.liferaft.raft;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What forming a cluster needs of this node. Methods that wait say so. */
public interface GroupMembership {

  /** Node id of this node. */
  String id();

  /**
   * Raft address by node id of the members known here, this node included: those of its list, and
   * those that came later.
   */
  Map<String, String> members();

  /** How this node finds a cluster without a list. */
  JoinPlan plan();

  /** What {@code raft/peers.json} says, while that is not carried out. */
  Optional<Listed> listed();

  /**
   * Who is to be in the cluster, by {@code raft/peers.json}; Raft addresses by node id.
   *
   * @param leftOut who was with this node and is in neither list, at the address of that time
   */
  record Listed(
      Map<String, String> voters, Map<String, String> nonVoters, Map<String, String> leftOut) {

    public Listed {
      voters = Map.copyOf(voters);
      nonVoters = Map.copyOf(nonVoters);
      leftOut = Map.copyOf(leftOut);
    }

    /** Everybody that it names. */
    public Map<String, String> all() {
      Map<String, String> all = new TreeMap<>(voters);
      all.putAll(nonVoters);
      return all;
    }

    /** In one form for equal lists. */
    public String text() {
      return all().entrySet().stream()
          .map(one ->
              one.getKey()
                  + "="
                  + one.getValue()
                  + (nonVoters.containsKey(one.getKey()) ? " (non-voter)" : ""))
          .collect(Collectors.joining(", "));
    }

    /** The same, with who was in the cluster before. */
    Listed without(Map<String, String> former) {
      Map<String, String> others = new TreeMap<>(former);
      others.keySet().removeAll(all().keySet());
      return new Listed(voters, nonVoters, others);
    }
  }

  /**
   * Goes on as the only member of a new group with what this node's log holds, for the nodes of
   * {@link #listed}. Waits.
   */
  void goOnForListed();

  /** Whether this node has founded a cluster for itself alone, and is its only member. */
  boolean foundedAlone();

  /** Whether this node has been removed from its cluster since its start. */
  boolean removed();

  /**
   * Leaves the group that has removed this node, with what it holds; it is not entered again before
   * the next start. Waits.
   */
  void leave();

  /** Raft address by node id of nodes that look for others, and have said so here lately. */
  Map<String, String> introduced();

  /** Says to others with whom this node would found a cluster: address by id, itself included. */
  void candidates(Map<String, String> byId);

  /** Asks as {@link #ask}, and says who this node is. Waits. */
  PeerAnswer introduce(String raftAddress, Duration timeout);

  /** This node's data directory, for messages. */
  String dataDir();

  /** This node's own answer to "who are you". */
  PeerAnswer self();

  /**
   * Asks the node at a Raft address. Waits; without an answer the standing is UNREACHABLE and the
   * problem says why.
   */
  PeerAnswer ask(String raftAddress, Duration timeout);

  /**
   * Founds a group with this node as its only member, under a random id. Waits.
   *
   * @param members Raft address by node id of those it is to have, this node included: no client's
   *     data is taken before a majority of them are voters
   */
  void found(Map<String, String> members);

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
     * @param written the last entry that this node has told its leader is on its disk
     */
    record Lags(long lastIndex, long written) implements Comparison {}

    /** The leader's configuration does not name this node. */
    record Removed() implements Comparison {}
  }

  /**
   * Holds what this node has against its leader. Waits.
   *
   * @throws NotLeaderException when that node does not lead
   */
  Comparison compare(String leaderAddress);

  /** Leaves the group with this disk, whose promises are not to be kept, to be admitted anew. */
  void enterAgain(Comparison.Lags lags);

  /**
   * Leaves the group that has removed this node while it was down, with what it holds, to ask for
   * admission as its settings say. Waits.
   */
  void enterAfterRemoval();

  /** Takes this node out of service, for a reason that an operator has to see to. */
  void standAside(String reason);

  /**
   * Gives up the group and everything in the data directory, which must hold no client's data, and
   * begins again as a fresh node. Waits.
   */
  void startAnew();
}
