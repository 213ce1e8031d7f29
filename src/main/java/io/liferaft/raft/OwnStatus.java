package io.liferaft.raft;

import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node says of itself to those who run it and to its own program: how far it is, and what
 * keeps it from working. Any thread.
 */
final class OwnStatus {

  private static final Logger log = LoggerFactory.getLogger(OwnStatus.class);

  private final NodeConfig config;
  private final NodeLife life;
  private final OpenGroup group;
  private final NodeFaults faults;
  private final Installer installer;
  private final CatchUp catchUp;
  private final LeaderContact contact;
  private final LeaderEvents leadership;
  private volatile boolean cleared;
  private volatile @Nullable String waitingFor;

  OwnStatus(
      NodeConfig config,
      NodeLife life,
      OpenGroup group,
      NodeFaults faults,
      Installer installer,
      CatchUp catchUp,
      LeaderContact contact,
      LeaderEvents leadership,
      boolean alone) {
    this.config = config;
    this.life = life;
    this.group = group;
    this.faults = faults;
    this.installer = installer;
    this.catchUp = catchUp;
    this.contact = contact;
    this.leadership = leadership;
    this.cleared = alone;
  }

  NodeStatus status() {
    NodeView.Own own =
        new NodeView.Own(phase(), problem(), leadership.elections(), contact.silentNanos());
    return NodeView.status(
        config,
        own,
        group.division().orElse(null),
        group.division().map(group::leader).orElse(null),
        group.payload().state(),
        group.recordIndex());
  }

  NodeStatus.Phase phase() {
    if (life.closed()) {
      return NodeStatus.Phase.CLOSED;
    }
    if (faults.failed()) {
      return NodeStatus.Phase.FAILED;
    }
    if (group.server().isEmpty() || life.reopening()) {
      return NodeStatus.Phase.OPENING;
    }
    RaftServer.Division division = group.division().orElse(null);
    if (division == null) {
      return group.id().isPresent() ? NodeStatus.Phase.OPENING : NodeStatus.Phase.FORMING;
    }
    if (!group.configured(division)) {
      return NodeStatus.Phase.FORMING;
    }
    if (!cleared) {
      return NodeStatus.Phase.OPENING; // somebody may go on in another group
    }
    if (installer.running()) {
      return NodeStatus.Phase.INSTALLING;
    }
    // Without a leader nobody can say what is missing: what is here may still be read.
    return catchUp.done(division, leadership.leads()) || contact.lost()
        ? NodeStatus.Phase.RUNNING
        : NodeStatus.Phase.CATCHING_UP;
  }

  private @Nullable String problem() {
    String fault = fault();
    if (fault == null && phase() == NodeStatus.Phase.INSTALLING) {
      return "taking the leader's copy: %d of %d bytes"
          .formatted(installer.receivedBytes(), installer.sizeBytes());
    }
    // A node that has just been admitted may still have the last report of its wait.
    boolean served =
        phase() == NodeStatus.Phase.RUNNING
            && group.division().map(d -> group.leader(d) != null).orElse(false);
    return fault != null || served ? fault : waitingFor;
  }

  /** Bytes taken of the leader's copy; 0 while none is being taken. */
  long installedBytes() {
    return installer.running() ? installer.receivedBytes() : 0;
  }

  /** Bytes of the leader's copy; 0 while none is being taken. */
  long installBytes() {
    return installer.running() ? installer.sizeBytes() : 0;
  }

  /** What is wrong with this node itself; null for nothing. */
  @Nullable String fault() {
    return faults.sentence(group.appliedIndex());
  }

  /** Says what forming waits for. */
  void report(@Nullable String reason) {
    if (reason != null && !reason.equals(waitingFor)) {
      log.info("Forming the cluster: {}", reason);
    }
    waitingFor = reason;
  }

  /** Whether every other member has been asked since the start, and none stands against it. */
  boolean cleared() {
    return cleared;
  }

  void clear() {
    cleared = true;
  }
}
