package io.liferaft.queue;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/** What has happened to queued writes since the start. Safe for use by many threads. */
final class QueueCounters {

  /** What is counted. */
  enum Count {
    /** Requests taken. */
    RECEIVED,
    STATEMENTS_RECEIVED,
    /** Requests somebody waited for. */
    WAITS,
    WAIT_TIMEOUTS,
    /** Batches written. */
    WRITTEN,
    STATEMENTS_SENT,
    STATEMENTS_FAILED,
    /** Attempts that were repeated: no leader known; the leader not reached; it was not ready. */
    NO_LEADER,
    NOT_LEADER,
    NOT_READY,
    /** Batches given up: of unknown outcome, refused for good, or for a fault of the program. */
    UNKNOWN,
    REFUSED,
    FAULT
  }

  private final Map<Count, LongAdder> counts = new EnumMap<>(Count.class);

  QueueCounters() {
    for (Count count : Count.values()) {
      counts.put(count, new LongAdder());
    }
  }

  void add(Count count, long times) {
    adder(count).add(times);
  }

  long get(Count count) {
    return adder(count).sum();
  }

  private LongAdder adder(Count count) {
    LongAdder adder = counts.get(count);
    if (adder == null) {
      throw new IllegalArgumentException("no counter for " + count);
    }
    return adder;
  }

  private long sum(Count... which) {
    long sum = 0;
    for (Count count : which) {
      sum += get(count);
    }
    return sum;
  }

  /** By the names that rqlite has for them. */
  Map<String, Long> byRqlitesNames() {
    Map<String, Long> named = new TreeMap<>();
    named.put("queued_executions", get(Count.RECEIVED));
    named.put("queued_executions_ok", get(Count.WRITTEN));
    named.put(
        "queued_executions_failed",
        sum(
            Count.NO_LEADER,
            Count.NOT_LEADER,
            Count.NOT_READY,
            Count.UNKNOWN,
            Count.REFUSED,
            Count.FAULT));
    named.put("queued_executions_wait", get(Count.WAITS));
    named.put("queued_executions_wait_timeout", get(Count.WAIT_TIMEOUTS));
    named.put("queued_executions_num_stmts_rx", get(Count.STATEMENTS_RECEIVED));
    named.put("queued_executions_num_stmts_tx", get(Count.STATEMENTS_SENT));
    named.put("queued_executions_no_leader", get(Count.NO_LEADER));
    named.put("queued_executions_not_leader", get(Count.NOT_LEADER));
    named.put("queued_executions_leadership_lost", get(Count.UNKNOWN));
    named.put("queued_executions_unknown_error", sum(Count.NOT_READY, Count.REFUSED, Count.FAULT));
    return named;
  }

  void register(MeterRegistry registry, WaitingRoom room) {
    Gauge.builder("liferaft.queue.requests", room, WaitingRoom::requests)
        .description("Queued requests that are not written yet")
        .register(registry);
    Gauge.builder("liferaft.queue.size", room, WaitingRoom::bytes)
        .baseUnit("bytes")
        .description("Memory that queued requests are counted with")
        .register(registry);
    counter(registry, "received", "Requests taken into the queue", "", Count.RECEIVED);
    counter(
        registry, "wait.timeouts", "Waits for queued writes that ended", "", Count.WAIT_TIMEOUTS);
    String batches = "Attempts to write a batch of queued requests";
    counter(registry, "batches", batches, "ok", Count.WRITTEN);
    counter(
        registry,
        "batches",
        batches,
        "retried",
        Count.NO_LEADER,
        Count.NOT_LEADER,
        Count.NOT_READY);
    counter(registry, "batches", batches, "unknown", Count.UNKNOWN);
    counter(registry, "batches", batches, "refused", Count.REFUSED, Count.FAULT);
    counter(
        registry,
        "statements.failed",
        "Queued statements that SQLite refused, which nobody else is told",
        "",
        Count.STATEMENTS_FAILED);
  }

  private void counter(
      MeterRegistry registry, String name, String description, String result, Count... which) {
    FunctionCounter.Builder<QueueCounters> builder =
        FunctionCounter.builder("liferaft.queue." + name, this, own -> (double) own.sum(which))
            .description(description);
    FunctionCounter _ =
        (result.isEmpty() ? builder : builder.tag("result", result)).register(registry);
  }
}
