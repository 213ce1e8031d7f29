package io.liferaft.raft;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node leads, and the events that say so: published in order from the given executor's
 * one thread, so that no listener ever runs on a Ratis or apply thread.
 */
final class LeaderEvents {

  private static final Logger log = LoggerFactory.getLogger(LeaderEvents.class);

  private final String nodeId;
  private final Executor executor;
  private final Consumer<LeadershipChanged> publisher;
  private final LeaderSignal signal;
  private final AtomicLong elections = new AtomicLong();
  private volatile boolean leads;
  private volatile boolean stopped;
  private @Nullable LeadershipChanged last;

  LeaderEvents(
      String nodeId,
      Executor executor,
      Consumer<LeadershipChanged> publisher,
      LeaderSignal signal) {
    this.nodeId = nodeId;
    this.executor = executor;
    this.publisher = publisher;
    this.signal = signal;
  }

  /** Whether this node is the ready leader. */
  boolean leads() {
    return leads;
  }

  /** Elections won since the start. */
  long elections() {
    return elections.get();
  }

  void otherLeads(String leaderId, long term) {
    if (!leaderId.equals(nodeId)) {
      leads = false;
      publish(new LeadershipChanged(leaderId, false, term));
    }
  }

  void ready(long term) {
    elections.incrementAndGet();
    leads = true;
    publish(new LeadershipChanged(nodeId, true, term));
  }

  void lost(long term) {
    leads = false;
    if (stopped) {
      return;
    }
    publish(new LeadershipChanged(null, false, term));
  }

  /** Without an event: this node is closing its log. */
  void stopped() {
    leads = false;
    stopped = true;
  }

  /** Its log is open again. */
  void started() {
    stopped = false;
  }

  private void publish(LeadershipChanged event) {
    signal.signal();
    executor.execute(() -> {
      LeadershipChanged before = last;
      last = event;
      if (before == null
          || event.thisNodeLeads()
          || !Objects.equals(before.leaderId(), event.leaderId())) {
        log.info("{}", sentence(event));
      }
      try {
        publisher.accept(event);
      } catch (RuntimeException e) {
        log.error("A listener of leadership failed", e);
      }
    });
  }

  private static String sentence(LeadershipChanged event) {
    if (event.leaderId() == null) {
      return "No leader is known";
    }
    return event.thisNodeLeads()
        ? "This node leads in term " + event.term()
        : "Node " + event.leaderId() + " leads";
  }
}
