package io.liferaft.raft;

import java.time.Duration;

/** Runs something on the leader, wherever that is. */
final class LeaderRouter {

  /** What to do when this node leads. */
  interface Here<T> {
    T run(Duration left);
  }

  /** What to ask of the leader when it is another node. */
  interface There<T> {
    T run(NodeStatus.Member leader, Duration left);
  }

  /** Elections that a request waits for at the most, in shortest election time-outs. */
  static final int PATIENCE = 4;

  private final LocalNode node;

  LeaderRouter(LocalNode node) {
    this.node = node;
  }

  /**
   * Runs one or the other, and again while it is certain that nothing was done, until the time is
   * over; without a leader it waits for a few elections at the most.
   *
   * @throws NotLeaderException when no leader was found; nothing was done
   * @throws NotReadyException likewise, and this node itself is in a state in which it cannot lead
   */
  <T> T onLeader(Duration timeout, Here<T> here, There<T> there) {
    long now = System.nanoTime();
    long deadline = now + Math.max(timeout.toNanos(), 1);
    long patience = 0;
    NotLeaderException last = null;
    try {
      do {
        Duration left = Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime()));
        try {
          if (node.leads()) {
            return here.run(left);
          }
          NodeStatus.Member leader = node.status().leader();
          if (leader != null && !leader.id().equals(node.config().id())) {
            return there.run(leader, left);
          }
        } catch (NotLeaderException e) {
          last = e;
        }
        if (patience == 0) {
          patience = Math.min(deadline, System.nanoTime() + patience());
        }
        node.leaderSignal().await();
      } while (System.nanoTime() < patience);
    } catch (InterruptedException e) {
      throw interrupted();
    }
    String fault = node.hasRoom() ? node.fault() : LogWriter.NO_ROOM;
    if (fault != null) {
      throw new NotReadyException("leader not found: " + fault, Duration.ofSeconds(5));
    }
    throw last == null ? new NotLeaderException("leader not found") : last;
  }

  /** Who comes when there has been no leader for long does not wait for as long again. */
  private long patience() {
    Duration election = node.config().electionTimeout();
    Duration left = election.multipliedBy(PATIENCE).minus(node.status().leaderless());
    return Math.max(left.toNanos(), election.dividedBy(4).toNanos());
  }

  static NotReadyException interrupted() {
    Thread.currentThread().interrupt();
    return new NotReadyException("interrupted: this node is stopping", Duration.ofSeconds(1));
  }
}
