package io.liferaft.raft;

import java.util.OptionalLong;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;

/**
 * Whether this node has reached what the cluster had committed when it came back: a follower that
 * has just been started, or has long heard nothing, first applies all that its leader knew to be
 * committed at the first contact. Any thread.
 */
final class CatchUp {

  private volatile boolean done;
  private volatile long target = -1;

  /** The node has come back. */
  void begin() {
    target = -1;
    done = false;
  }

  /**
   * Stays true until the next {@link #begin}.
   *
   * @param leads whether this node leads and has applied every entry of earlier terms
   */
  boolean done(RaftServer.Division division, boolean leads) {
    if (done || leads) {
      done = true;
      return true;
    }
    if (division.getInfo().isLeader()) {
      return false; // elected, with entries of its own log still to be applied
    }
    long goal = target;
    if (goal < 0) {
      goal = leaderCommit(division).orElse(-1);
      target = goal;
    }
    done = goal >= 0 && division.getInfo().getLastAppliedIndex() >= goal;
    return done;
  }

  /** What the leader said with its last message. */
  static OptionalLong leaderCommit(RaftServer.Division division) {
    RaftPeerId leader = division.getInfo().getLeaderId();
    return leader == null
        ? OptionalLong.empty()
        : division.getCommitInfos().stream()
            .filter(info -> leader.equals(RaftPeerId.valueOf(info.getServer().getId())))
            .mapToLong(CommitInfoProto::getCommitIndex)
            .findFirst();
  }
}
