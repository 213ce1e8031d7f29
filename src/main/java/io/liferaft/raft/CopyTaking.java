package io.liferaft.raft;

import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Makes the leader's copy the database when this node is behind the leader's log, and has
 * everything opened again from it. Asked for on Ratis' and the events' threads, which it holds up
 * for nothing: the {@link Installer} fetches on one that may wait, the apply thread makes the copy
 * the database, the opening thread opens.
 */
final class CopyTaking {

  private final NodeLife life;
  private final OpenGroup group;
  private final NodeFaults faults;
  private final DiskRoom room;
  private final Peers peers;
  private final Installer installer;
  private final Tally tally;

  CopyTaking(
      NodeLife life,
      OpenGroup group,
      NodeFaults faults,
      DiskRoom room,
      Peers peers,
      Installer installer,
      Tally tally) {
    this.life = life;
    this.group = group;
    this.faults = faults;
    this.room = room;
    this.peers = peers;
    this.installer = installer;
    this.tally = tally;
  }

  /** Returns at once. */
  void take(String leader) {
    SqliteStateMachine current = group.machine().orElse(null);
    if (current == null || faults.sentence(group.appliedIndex()) != null || !room.enough()) {
      return;
    }
    installer.take(
        leader,
        group.division().map(division -> division.getInfo().getCurrentTerm()).orElse(-1L),
        () -> checkHistory(leader),
        copy -> {
          var _ =
              current
                  .supersede(copy.index(), replica -> installer.switchTo(copy, replica))
                  .handle((ahead, failure) -> {
                    switched(current, copy, ahead, failure);
                    return true;
                  });
        });
  }

  /** Over what the leader knows nothing of, nothing is installed: membership is to tell. */
  private void checkHistory(String leader) throws IOException {
    OwnEnd own = OwnEnd.of(group.division().orElseThrow(LocalNode::opening)).orElse(null);
    if (own != null && peers.compare(leader, own, OtherNodes.ASK).contradicts(own)) {
      throw new IOException(
          "the leader at %s does not have log entry %d of term %d, which this node has applied"
              .formatted(leader, own.applied().getIndex(), own.applied().getTerm()));
    }
  }

  private void switched(
      SqliteStateMachine from,
      Installer.Fetched copy,
      @Nullable Boolean ahead,
      @Nullable Throwable failure) {
    if (failure != null) {
      installer.failed(failure);
      if (group.has(from)) {
        life.broken(new SqliteException("the leader's copy did not become the database", failure));
      }
    }
    if (failure != null || !Boolean.TRUE.equals(ahead)) {
      installer.end(copy);
      return;
    }
    tally.count(Tally.Event.INSTALL);
    life.openAgain(from, () -> installer.end(copy));
  }
}
