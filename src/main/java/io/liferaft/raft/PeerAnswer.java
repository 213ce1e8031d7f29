package io.liferaft.raft;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a node says when another one asks who it is, before and after it has a group.
 *
 * @param httpUrl under which clients reach it, with the scheme
 * @param groupId of the group it is in, or whose data it holds; empty when neither
 * @param formerGroups groups that its cluster was in before it was recovered, given up for good
 * @param lastIndex of its log; -1 for none
 * @param leaderId node id of the leader it knows, null for none
 * @param leaderAddress Raft address of that leader
 * @param hasData whether it holds client data, committed or not, or may hold some
 * @param candidates with whom it would found a cluster, address by id, itself included; empty when
 *     it would not
 * @param offer what it has for a list of members in {@code raft/peers.json} that it waits to carry
 *     out; null when it does not
 * @param problem what keeps it from working, or why it gave no answer; null for nothing
 */
public record PeerAnswer(
    String id,
    String raftAddress,
    String httpUrl,
    String version,
    Standing standing,
    String groupId,
    List<String> formerGroups,
    String clusterId,
    long lastIndex,
    boolean voter,
    boolean leads,
    @Nullable String leaderId,
    @Nullable String leaderAddress,
    boolean hasData,
    Map<String, String> candidates,
    @Nullable Offer offer,
    @Nullable String problem) {

  /**
   * The log that a node would go on with.
   *
   * @param list what its list says, in one form for equal lists
   * @param lastTerm of its last entry
   * @param lastIndex of its last entry; -1 for none
   */
  public record Offer(String list, long lastTerm, long lastIndex) implements Comparable<Offer> {

    /** As Raft says which log is further. */
    @Override
    public int compareTo(Offer other) {
      return lastTerm == other.lastTerm
          ? Long.compare(lastIndex, other.lastIndex)
          : Long.compare(lastTerm, other.lastTerm);
    }
  }

  public PeerAnswer {
    formerGroups = List.copyOf(formerGroups);
    candidates = Map.copyOf(candidates);
  }

  /** Stands for the answer that did not come. */
  public static PeerAnswer unreachable(String raftAddress, String why) {
    return new PeerAnswer(
        "",
        raftAddress,
        "",
        "",
        Standing.UNREACHABLE,
        "",
        List.of(),
        "",
        -1,
        false,
        false,
        null,
        null,
        false,
        Map.of(),
        null,
        why);
  }

  /** Where a node stands towards a cluster. */
  public enum Standing {
    /** Its folder holds no record, no database, no Raft folder. */
    FRESH,
    /** It holds a record or database but is in no group: it must be admitted, and never founds. */
    DETACHED,
    /** It has added a group and waits to be admitted to it. */
    JOINING,
    /** The configuration it knows names it. */
    MEMBER,
    /** It cannot tell: still opening, or its files are damaged. */
    UNKNOWN,
    /** It gave no answer. */
    UNREACHABLE
  }
}
