package io.liferaft.raft;

import io.liferaft.sqlite.SqliteStore;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

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
        "voters",
        "voters in the configuration",
        n -> n.status().members().stream().filter(NodeStatus.Member::voter).count());
    FunctionCounter.builder("liferaft.raft.elections", node, n -> n.status().elections())
        .description("elections won by this node since its start")
        .register(registry);
    FunctionCounter.builder("liferaft.raft.snapshots", node, RatisNode::snapshots)
        .description("snapshots taken by this node since its start, asked for or not")
        .register(registry);
    Gauge.builder("liferaft.sqlite.size", store, s -> s.status().sizeBytes())
        .baseUnit("bytes")
        .description("size of the main database file")
        .register(registry);
    Gauge.builder("liferaft.sqlite.wal.size", store, s -> s.status().walBytes())
        .baseUnit("bytes")
        .description("size of the write-ahead log")
        .register(registry);
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
