package io.liferaft.raft;

import java.time.Duration;
import java.util.Optional;
import org.apache.ratis.server.RaftServer;

/**
 * Sees that a follower hears its leader but is not sent what has been committed. Ratis comes to
 * that when the leader's log begins with the very entry that the follower needs next and its
 * snapshot has gone on: the leader cannot name the entry before, and the follower, whose own
 * snapshot is that entry, says that it needs no other. One thread at a time.
 */
final class LogStall {

  static final Duration LIMIT = Duration.ofSeconds(5);

  private long next = -1;
  private long since = System.nanoTime();

  /** The leader's address when it has lasted for {@link #LIMIT}. */
  Optional<String> behind(RaftServer.Division division) {
    long nextIndex = division.getRaftLog().getNextIndex();
    boolean missing = CatchUp.leaderCommit(division).orElse(-1) >= nextIndex;
    long now = System.nanoTime();
    if (!missing || nextIndex != next) {
      next = nextIndex;
      since = now;
    }
    return now - since > LIMIT.toNanos()
        ? RatisServer.address(division, division.getInfo().getLeaderId())
        : Optional.empty();
  }
}
