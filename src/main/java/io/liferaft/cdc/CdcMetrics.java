package io.liferaft.cdc;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;

/** What was delivered and what waits. */
final class CdcMetrics {

  private final Counter ok;
  private final Counter failed;
  private final Counter events;
  private final Counter dropped;
  private final Counter gaps;

  CdcMetrics(MeterRegistry registry, ChangeQueue queue) {
    ok = batches(registry, "ok");
    failed = batches(registry, "failed");
    events =
        Counter.builder("liferaft.cdc.events")
            .description("Row changes delivered")
            .register(registry);
    dropped =
        Counter.builder("liferaft.cdc.dropped")
            .description("Row changes given up after transmit_max_retries")
            .register(registry);
    gaps =
        Counter.builder("liferaft.cdc.gaps")
            .description("Times this node led without changes that were still to be delivered")
            .register(registry);
    FunctionCounter.builder("liferaft.cdc.queue.failures", queue, ChangeQueue::failures)
        .description("Times this node's queue of changes could not be written to disk")
        .register(registry);
    Gauge.builder("liferaft.cdc.queue.commits", queue, ChangeQueue::length)
        .description("Commits that wait in this node's queue of changes")
        .register(registry);
    Gauge.builder("liferaft.cdc.queue.bytes", queue, ChangeQueue::sizeBytes)
        .description("Size of this node's queue of changes on disk")
        .baseUnit("bytes")
        .register(registry);
  }

  private static Counter batches(MeterRegistry registry, String result) {
    return Counter.builder("liferaft.cdc.batches")
        .description("Attempts to deliver a batch of changes")
        .tag("result", result)
        .register(registry);
  }

  void delivered(List<Commit> batch) {
    ok.increment();
    events.increment(count(batch));
  }

  void failed() {
    failed.increment();
  }

  void dropped(List<Commit> batch) {
    dropped.increment(count(batch));
  }

  void gap() {
    gaps.increment();
  }

  private static int count(List<Commit> batch) {
    return batch.stream().mapToInt(commit -> commit.events().size()).sum();
  }
}
