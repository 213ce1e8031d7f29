package io.liferaft.raft;

import io.liferaft.sqlite.SqliteStore;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;

/** Meters of the replicated log and of the database file below it. */
final class RaftMetrics {

  RaftMetrics(RatisNode node, SqliteStore store, MeterRegistry registry) {
    for (NodeStatus.Role role : NodeStatus.Role.values()) {
      Gauge.builder("liferaft.raft.role", node, n -> n.status().role() == role ? 1 : 0)
          .tag("role", role.name().toLowerCase(java.util.Locale.ROOT))
          .description("1 for the role this node has now")
          .register(registry);
    }
    gauge(registry, node, "term", "Raft term", n -> n.status().term());
    gauge(
        registry, node, "commit.index", "last committed log index", n -> n.status().commitIndex());
    gauge(
        registry, node, "applied.index", "last applied log index", n -> n.status().appliedIndex());
    gauge(
        registry,
        node,
        "change.index",
        "log index of the last change of the database",
        n -> n.state().changeIndex());
    gauge(
        registry,
        node,
        "snapshot.index",
        "log index of the record",
        n -> n.status().snapshotIndex());
    gauge(
        registry,
        node,
        "leader.known",
        "1 while a leader is known",
        n -> n.status().leader() == null ? 0 : 1);
    gauge(
        registry,
        node,
        "install.received.bytes",
        "bytes taken of the leader's copy; 0 while none is being taken",
        RatisNode::installedBytes);
    gauge(
        registry,
        node,
        "install.size.bytes",
        "bytes of the leader's copy; 0 while none is being taken",
        RatisNode::installBytes);
    gauge(
        registry,
        node,
        "voters",
        "voters in the configuration",
        n -> n.status().members().stream().filter(NodeStatus.Member::voter).count());
    FunctionCounter.builder("liferaft.raft.elections", node, n -> n.status().elections())
        .description("elections won by this node since its start")
        .register(registry);
    FunctionCounter.builder("liferaft.raft.snapshots", node, RatisNode::snapshots)
        .description("snapshots taken by this node since its start, asked for or not")
        .register(registry);
    counts(node.tally(), registry);
    Gauge.builder("liferaft.sqlite.size", store, s -> s.status().sizeBytes())
        .baseUnit("bytes")
        .description("size of the main database file")
        .register(registry);
    Gauge.builder("liferaft.sqlite.wal.size", store, s -> s.status().walBytes())
        .baseUnit("bytes")
        .description("size of the write-ahead log")
        .register(registry);
    Gauge.builder("liferaft.sqlite.answers", store, SqliteStore::answerBytes)
        .baseUnit("bytes")
        .description("rows in answers to reads that are being read or sent, without small ones")
        .register(registry);
  }

  private static void counts(Tally tally, MeterRegistry registry) {
    for (Tally.Event event : Tally.Event.values()) {
      FunctionCounter.builder("liferaft.raft.events", tally, t -> t.of(event))
          .tag("event", event.tag())
          .description("what this node has done since its start")
          .register(registry);
    }
    for (Tally.Call call : Tally.Call.values()) {
      for (boolean answered : List.of(true, false)) {
        FunctionCounter.builder("liferaft.raft.forwarded", tally, t -> t.forwarded(call, answered))
            .tag("call", call.tag())
            .tag("result", answered ? "ok" : "failed")
            .description("calls passed on to the leader by this node")
            .register(registry);
      }
    }
  }

  private interface Value {
    double of(RatisNode node);
  }

  private static void gauge(
      MeterRegistry registry, RatisNode node, String name, String description, Value value) {
    Gauge.builder("liferaft.raft." + name, node, value::of)
        .description(description)
        .register(registry);
  }
}
