package io.liferaft.raft;

import java.util.Optional;
import org.apache.ratis.server.RaftServer;

/**
 * What this node says of itself to the others: whether it is in a group, and whether there is
 * client data here. Any thread.
 */
final class OwnStanding {

  private final NodeLife life;
  private final OpenGroup group;
  private final NodeFaults faults;
  private final OwnFolder folder;

  OwnStanding(NodeLife life, OpenGroup group, NodeFaults faults, OwnFolder folder) {
    this.life = life;
    this.group = group;
    this.faults = faults;
    this.folder = folder;
  }

  PeerAnswer.Standing standing() {
    if (faults.failed() || group.server().isEmpty() || life.reopening()) {
      return PeerAnswer.Standing.UNKNOWN;
    }
    Optional<RaftServer.Division> division = group.division();
    if (division.isPresent()) {
      if (!group.configured(division.get())) {
        return PeerAnswer.Standing.JOINING;
      }
      folder.admitted(division.get().getMemberId().getGroupId().getUuid().toString());
      return PeerAnswer.Standing.MEMBER;
    }
    if (group.id().isPresent()) {
      return PeerAnswer.Standing.UNKNOWN;
    }
    return folder.fresh() ? PeerAnswer.Standing.FRESH : PeerAnswer.Standing.DETACHED;
  }

  /** Id of the group this node is in or holds data of; empty for none. */
  String groupId() {
    return group.id().orElseGet(folder::group);
  }

  /** Whether there is client data here, applied or only in the log, or may be. */
  boolean holdsData() {
    if (group.payload().state().changeIndex() > 0) {
      return true;
    }
    return switch (standing()) {
      case FRESH, UNREACHABLE, JOINING -> false;
      case DETACHED -> true;
      case UNKNOWN -> !folder.fresh();
      case MEMBER -> {
        RaftServer.Division division = group.division().orElse(null);
        yield division != null
            && group.leader(division) == null
            && LogTail.holdsData(division.getRaftLog(), group.appliedIndex());
      }
    };
  }
}
