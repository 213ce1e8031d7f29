package io.liferaft.cdc;

import io.liferaft.raft.ChangesRecord;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.RestoreRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Sends what is queued while this node leads, and lets go of what has been delivered, by whomever.
 */
final class ChangeSender implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(ChangeSender.class);

  private static final Duration HAND_ON = Duration.ofSeconds(10);
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final CdcConfig config;
  private final ChangeQueue queue;
  private final RaftNode raft;
  private final ChangeReceiver receiver;
  private final CdcMetrics metrics;
  private volatile @Nullable Thread thread;
  private volatile boolean stopped;
  private volatile long delivered = -1;
  private volatile @Nullable String problem;
  private long recordedAt;
  private long gapTold = -1;

  ChangeSender(
      CdcConfig config,
      ChangeQueue queue,
      RaftNode raft,
      ChangeReceiver receiver,
      CdcMetrics metrics) {
    this.config = config;
    this.queue = queue;
    this.raft = raft;
    this.receiver = receiver;
    this.metrics = metrics;
    this.recordedAt = System.nanoTime();
  }

  @Override
  public void start() {
    stopped = false;
    thread = Thread.ofVirtual().name("liferaft-cdc").start(this::run);
  }

  /** Ends what is under way, which is sent again, by whoever leads then. */
  @Override
  public void stop() {
    stopped = true;
    Thread running = thread;
    thread = null;
    if (running != null) {
      running.interrupt();
      try {
        if (!running.join(GRACE)) {
          log.warn("The sender of changes did not end in time");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public boolean isRunning() {
    return thread != null;
  }

  /** Stops with maintenance, before Raft. */
  @Override
  public int getPhase() {
    return 2000;
  }

  private void run() {
    while (!stopped) {
      try {
        turn();
      } catch (InterruptedException e) {
        return;
      } catch (IOException | RuntimeException e) {
        if (e instanceof IOException && problem == null) {
          log.warn("Changes that wait cannot be read and are not sent: {}", e.getMessage(), e);
        } else {
          log.debug("A turn of the sender of changes ended", e);
        }
        problem = String.valueOf(e.getMessage());
        try {
          queue.await(config.minBackoff());
        } catch (InterruptedException _) {
          return;
        }
      }
    }
  }

  private boolean leads() {
    NodeStatus status = raft.status();
    return status.phase() == NodeStatus.Phase.RUNNING && status.leads();
  }

  private void turn() throws IOException, InterruptedException {
    if (queue.folder() == null || raft.status().phase() != NodeStatus.Phase.RUNNING) {
      queue.await(config.highWatermarkInterval());
      return;
    }
    ChangesRecord known = raft.state().changes();
    queue.delivered(Math.max(known.deliveredIndex(), delivered));
    queue.drop(known.deliveredIndex());
    if (!leads() || !(raft.state().restore() instanceof RestoreRecord.Ended)) {
      problem = null;
      queue.await(config.highWatermarkInterval());
      return;
    }
    if (!known.captured()) {
      raft.captureChanges(true);
      log.info("From now on every node captures row changes; this one sends them");
    }
    if (handsOn(raft.state().changes())) {
      return;
    }
    List<Commit> batch = batch();
    if (!batch.isEmpty() && deliver(batch)) {
      long index = queue.acknowledge(batch);
      delivered = Math.max(delivered, index);
    }
    record(known);
  }

  /**
   * A node that took the leader's copy lacks the changes before it. When some of these still wait,
   * another node is to send them: asked for once.
   */
  private boolean handsOn(ChangesRecord known) {
    long first = queue.firstIndex();
    if (first <= Math.max(known.deliveredIndex() + 1, known.sinceIndex()) || gapTold == first) {
      return false;
    }
    gapTold = first;
    metrics.gap();
    log.warn(
        "Changes of log indexes {} to {} have not been delivered, as far as is known, and are not on this node: another one is asked to lead",
        CdcStatus.rqliteIndex(known.deliveredIndex() + 1),
        CdcStatus.rqliteIndex(first - 1));
    try {
      raft.transferLeadership(null, HAND_ON);
      return true;
    } catch (RuntimeException e) {
      log.warn("No other node leads, so these changes are passed over: {}", e.getMessage());
      return false;
    }
  }

  /** Waits for a batch to fill, but not long. */
  private List<Commit> batch() throws IOException, InterruptedException {
    List<Commit> waiting = queue.next(config.maxBatchSize());
    if (waiting.isEmpty()) {
      queue.await(config.highWatermarkInterval());
      waiting = queue.next(config.maxBatchSize());
    }
    long until = System.nanoTime() + config.maxBatchDelay().toNanos();
    while (!waiting.isEmpty() && waiting.size() < config.maxBatchSize()) {
      long left = until - System.nanoTime();
      if (left <= 0) {
        break;
      }
      queue.await(Duration.ofNanos(left));
      waiting = queue.next(config.maxBatchSize());
    }
    return waiting;
  }

  /** True when the batch is done with; false when this node is not to send it any more. */
  private boolean deliver(List<Commit> batch) throws InterruptedException {
    byte[] json = BatchWriter.write(config.serviceId(), raft.status().id(), batch);
    Duration backoff = config.minBackoff();
    for (int failures = 0; !stopped && leads(); ) {
      try {
        receiver.send(json);
        if (problem != null) {
          log.info("Changes reach {} again", receiver.name());
          problem = null;
        }
        metrics.delivered(batch);
        return true;
      } catch (IOException e) {
        metrics.failed();
        failures++;
        String reason = e.getMessage() == null ? e.toString() : e.getMessage();
        if (problem == null) {
          log.warn(
              "Changes cannot be delivered to {} and stay in the queue: {}",
              receiver.name(),
              reason);
        }
        problem = reason;
        if (config.maxRetries() >= 0 && failures > config.maxRetries()) {
          log.error(
              "{} commits from log index {} on are dropped after {} attempts, as transmit_max_retries says",
              batch.size(),
              CdcStatus.rqliteIndex(batch.getFirst().index()),
              failures);
          metrics.dropped(batch);
          return true;
        }
      }
      record(raft.state().changes());
      pause(backoff);
      if (config.exponential()) {
        Duration doubled = backoff.multipliedBy(2);
        backoff = doubled.compareTo(config.maxBackoff()) < 0 ? doubled : config.maxBackoff();
      }
    }
    return false;
  }

  /** Writes meanwhile do not shorten it. */
  private void pause(Duration time) throws InterruptedException {
    long until = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0 && leads(); left = until - System.nanoTime()) {
      queue.await(Duration.ofNanos(left));
    }
  }

  private void record(ChangesRecord known) {
    long now = System.nanoTime();
    if (delivered > known.deliveredIndex()
        && now - recordedAt >= config.highWatermarkInterval().toNanos()) {
      raft.recordDelivered(delivered);
      recordedAt = now;
    }
  }

  CdcStatus status() {
    boolean open = queue.folder() != null;
    long known = open ? raft.state().changes().deliveredIndex() : -1;
    return new CdcStatus(
        queue.folder(),
        CdcStatus.rqliteIndex(Math.max(known, delivered)),
        leads(),
        receiver.name(),
        config.serviceId(),
        queue.length(),
        queue.sizeBytes(),
        problem);
  }
}
