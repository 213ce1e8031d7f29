package io.liferaft.raft;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Nodes that look for others to found a cluster with, and have said so here. Any thread. */
final class Introductions {

  private static final long RECENT_NANOS = Duration.ofSeconds(10).toNanos();

  /** More than a cluster has members: who asks here is nobody's friend. */
  private static final int MOST = 100;

  private record Seen(String raftAddress, long nanoTime) {}

  private final Map<String, Seen> seen = new ConcurrentHashMap<>();

  void add(String id, String raftAddress) {
    seen.values().removeIf(Introductions::old);
    if (seen.size() < MOST || seen.containsKey(id)) {
      seen.put(id, new Seen(raftAddress, System.nanoTime()));
    }
  }

  /** Raft address by node id of those that have been heard lately. */
  Map<String, String> recent() {
    Map<String, String> recent = new TreeMap<>();
    seen.forEach((id, one) -> {
      if (!old(one)) {
        recent.put(id, one.raftAddress());
      }
    });
    return recent;
  }

  private static boolean old(Seen seen) {
    return System.nanoTime() - seen.nanoTime() > RECENT_NANOS;
  }
}
