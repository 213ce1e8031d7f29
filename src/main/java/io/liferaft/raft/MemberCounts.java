package io.liferaft.raft;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What has been asked of this node about membership since its start. Any thread. */
final class MemberCounts {

  private final LongAdder joinRequests = new LongAdder();
  private final LongAdder ignoredJoins = new LongAdder();
  private final LongAdder removedBeforeJoins = new LongAdder();
  private final LongAdder joins = new LongAdder();
  private final LongAdder reaped = new LongAdder();
  private final LongAdder reapFailures = new LongAdder();

  void joinRequested() {
    joinRequests.increment();
  }

  void joinIgnored() {
    ignoredJoins.increment();
  }

  void removedBeforeJoin() {
    removedBeforeJoins.increment();
  }

  void joined() {
    joins.increment();
  }

  void reaped(boolean removed) {
    (removed ? reaped : reapFailures).increment();
  }

  /** By rqlite's names, section 16 of its /debug/vars. */
  Map<String, Long> byName() {
    Map<String, Long> counts = new LinkedHashMap<>();
    counts.put("num_join_req", joinRequests.sum());
    counts.put("num_ignored_joins", ignoredJoins.sum());
    counts.put("num_removed_before_joins", removedBeforeJoins.sum());
    counts.put("num_joins", joins.sum());
    counts.put("nodes_reaped_ok", reaped.sum());
    counts.put("nodes_reaped_failed", reapFailures.sum());
    return counts;
  }
}
