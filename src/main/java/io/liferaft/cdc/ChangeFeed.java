package io.liferaft.cdc;

import io.liferaft.raft.LeadershipChanged;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.EventListener;

/**
 * Whether and how this node delivers changes; a leader that is to deliver none ends the capture.
 */
public final class ChangeFeed {

  private static final Logger log = LoggerFactory.getLogger(ChangeFeed.class);

  private final RaftNode raft;
  private final @Nullable ChangeQueue queue;
  private final @Nullable ChangeSender sender;

  ChangeFeed(RaftNode raft, @Nullable ChangeQueue queue, @Nullable ChangeSender sender) {
    this.raft = raft;
    this.queue = queue;
    this.sender = sender;
  }

  /** Empty when this node is not to deliver changes. */
  public Optional<CdcStatus> status() {
    return sender == null ? Optional.empty() : Optional.of(sender.status());
  }

  @EventListener
  void leadershipChanged(LeadershipChanged event) {
    if (queue != null) {
      queue.wake();
    } else if (event.thisNodeLeads() && raft.state().changes().captured()) {
      var _ = Thread.ofVirtual().name("liferaft-cdc-off").start(this::endCapture);
    }
  }

  private void endCapture() {
    try {
      raft.captureChanges(false);
      log.warn(
          "Row changes are not captured any more: this node leads and has no liferaft.cdc.config");
    } catch (NotLeaderException | NotReadyException e) {
      log.debug("The next leader decides", e);
    }
  }
}
