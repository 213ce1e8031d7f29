package io.liferaft.raft;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of itself and its cluster; cheap to take, never waits.
 *
 * @param phase how far this node is
 * @param problem one sentence on what keeps it from working and what to do; null when nothing does
 * @param leader null when none is known
 * @param formed whether a majority of the initial cluster are voters by now, or have been
 * @param leaderless how long no leader has been known; zero while one is
 */
public record NodeStatus(
    String id,
    String raftAddress,
    String httpAddress,
    Phase phase,
    @Nullable String problem,
    Role role,
    @Nullable Member leader,
    long term,
    long commitIndex,
    long appliedIndex,
    long lastLogIndex,
    long snapshotIndex,
    long elections,
    boolean formed,
    Duration leaderless,
    List<Member> members) {

  public NodeStatus {
    members = List.copyOf(members);
  }

  /** How far a node is. */
  public enum Phase {
    /** Opening its files or replaying its log. */
    OPENING,
    /** Without a group yet: waiting for the others, or for admission. */
    FORMING,
    /** Taking the leader's snapshot. */
    INSTALLING,
    /** Applying what its leader had committed when this node came back. */
    CATCHING_UP,
    RUNNING,
    /** Its files are damaged or do not fit; see the problem. */
    FAILED,
    CLOSED
  }

  /** Raft roles. */
  public enum Role {
    LEADER,
    FOLLOWER,
    CANDIDATE,
    /** Non-voter. */
    LISTENER,
    NONE
  }

  /** A node of the cluster. */
  public record Member(String id, String raftAddress, String httpAddress, boolean voter) {}

  public boolean leads() {
    return role == Role.LEADER;
  }
}
