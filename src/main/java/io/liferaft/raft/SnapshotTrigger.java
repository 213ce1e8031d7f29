package io.liferaft.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks Ratis for a snapshot when SQLite's WAL has grown; never for two at a time. */
final class SnapshotTrigger {

  private static final Logger log = LoggerFactory.getLogger(SnapshotTrigger.class);
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private final AtomicBoolean pending = new AtomicBoolean();

  /** Returns at once. */
  void take(@Nullable RatisServer server) {
    if (server == null || !pending.compareAndSet(false, true)) {
      return;
    }
    try {
      var _ = server.snapshotAsync(TIMEOUT).whenComplete((_, _) -> pending.set(false));
    } catch (IOException | RuntimeException e) {
      pending.set(false);
      log.debug("No snapshot now: {}", e.toString());
    }
  }
}
