package io.liferaft.raft;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has members removed that have been silent for longer than the settings allow, when leading. */
final class Reaper {

  private static final Logger log = LoggerFactory.getLogger(Reaper.class);
  private static final Duration REMOVE = Duration.ofSeconds(10);

  /** After a failed try. */
  private static final long PAUSE_NANOS = Duration.ofSeconds(5).toNanos();

  private final LocalNode node;
  private final Admissions admissions;
  private final AtomicBoolean removing = new AtomicBoolean();
  private volatile long notBefore = System.nanoTime();

  Reaper(LocalNode node, Admissions admissions) {
    this.node = node;
    this.admissions = admissions;
  }

  /** Looks; does not wait. */
  void look() {
    Leaving leaving = node.config().leaving();
    if ((leaving.votersAfter() == null && leaving.nonVotersAfter() == null)
        || !node.leads()
        || System.nanoTime() - notBefore < 0) {
      return;
    }
    node.division().ifPresent(division -> look(division, leaving));
  }

  private void look(RaftServer.Division division, Leaving leaving) {
    for (ServerRpcProto follower :
        division.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList()) {
      RaftPeerId id = RaftPeerId.valueOf(follower.getId().getId());
      boolean voter = division.getRaftConf().getPeer(id, RaftPeerRole.FOLLOWER) != null;
      Duration limit = voter ? leaving.votersAfter() : leaving.nonVotersAfter();
      if (over(follower.getLastRpcElapsedTimeMs(), limit) && removing.compareAndSet(false, true)) {
        node.workers().execute(() -> reap(NodeIdentity.nodeId(id.toString()), limit));
        return; // one after the other
      }
    }
  }

  private static boolean over(long silentMillis, @Nullable Duration limit) {
    return limit != null && silentMillis > limit.toMillis();
  }

  private void reap(String id, @Nullable Duration limit) {
    try {
      log.warn("Node {} has been silent for more than {}: it is removed", id, limit);
      admissions.remove(id, REMOVE);
      node.tally().count(Tally.Event.REAPED);
    } catch (RuntimeException e) {
      node.tally().count(Tally.Event.REAP_FAILED);
      notBefore = System.nanoTime() + PAUSE_NANOS;
      log.warn("Node {} could not be removed: {}", id, e.getMessage());
    } finally {
      removing.set(false);
    }
  }
}
