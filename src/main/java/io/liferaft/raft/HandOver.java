package io.liferaft.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes leadership away from a node that cannot apply entries. */
final class HandOver {

  private static final Logger log = LoggerFactory.getLogger(HandOver.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  private final Executor executor;
  private final AtomicBoolean running = new AtomicBoolean();

  HandOver(Executor executor) {
    this.executor = executor;
  }

  /** Whether this node leads others. */
  static boolean possible(RaftServer.Division division) {
    return division.getInfo().isLeader() && division.getRaftConf().getCurrentPeers().size() > 1;
  }

  /** Returns at once. */
  void start(@Nullable RatisServer server) {
    startIf(() -> true, server);
  }

  /**
   * Returns at once.
   *
   * @param wanted asked first; may wait
   */
  void startIf(BooleanSupplier wanted, @Nullable RatisServer server) {
    if (server == null || !running.compareAndSet(false, true)) {
      return;
    }
    executor.execute(() -> {
      try {
        if (wanted.getAsBoolean()) {
          handOn(server);
        }
      } finally {
        running.set(false);
      }
    });
  }

  /** To another node if one takes it, else down: this node might then win again. */
  private static void handOn(RatisServer server) {
    List<@Nullable RaftPeerId> targets = new ArrayList<>();
    server
        .division()
        .ifPresent(division ->
            division.getRaftConf().getCurrentPeers().forEach(peer -> targets.add(peer.getId())));
    targets.remove(server.self().getId());
    targets.add(null);
    for (RaftPeerId target : targets) {
      try {
        server.transferLeadership(target, TIMEOUT);
        return;
      } catch (IOException | RuntimeException e) {
        log.debug("Leadership not handed to {}: {}", target, e.toString());
      }
    }
  }
}
