package io.liferaft.raft;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * DOWN while this node cannot serve for a reason of replication: opening, forming, installing, no
 * leader known for longer than the election time-out, or a fault that keeps it from applying.
 */
final class RaftHealthIndicator extends AbstractHealthIndicator {

  private final RaftNode node;
  private final BooleanSupplier settled;
  private final Duration leaderlessLimit;

  /**
   * @param settled false while this node leads but has not applied all entries of earlier terms
   * @param electionTimeout the shortest one; the longest is twice that
   */
  RaftHealthIndicator(RaftNode node, BooleanSupplier settled, Duration electionTimeout) {
    super("The Raft node cannot tell its state");
    this.node = node;
    this.settled = settled;
    this.leaderlessLimit = electionTimeout.multipliedBy(2);
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    NodeStatus status = node.status();
    boolean leaderless =
        status.leader() == null && status.leaderless().compareTo(leaderlessLimit) > 0;
    boolean up =
        status.phase() == NodeStatus.Phase.RUNNING
            && status.problem() == null
            && !leaderless
            && settled.getAsBoolean();
    builder.status(up ? "UP" : "DOWN");
    builder.withDetail("node", status.id());
    builder.withDetail("phase", status.phase());
    builder.withDetail("role", status.role());
    builder.withDetail("leader", status.leader() == null ? "" : status.leader().id());
    builder.withDetail("term", status.term());
    builder.withDetail("appliedIndex", status.appliedIndex());
    if (status.problem() != null) {
      builder.withDetail("problem", status.problem());
    } else if (leaderless) {
      builder.withDetail(
          "problem",
          "no leader known for %d s: a majority of the voters must be running and reach each other"
              .formatted(status.leaderless().toSeconds()));
    }
  }
}
