package io.liferaft.api;

import io.liferaft.api.ErrorTable.Result;
import io.liferaft.security.AccessControl;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * {@code /debug/vars}: the counters that Prometheus reads, under rqlite's names. What has no
 * counterpart here is not there.
 */
final class DebugVarsController {

  private final ApiMetrics metrics;
  private final SqlCounts sql;
  private final AccessControl access;
  private final Supplier<Map<String, Long>> queue;
  private final LongSupplier boots;
  private final NamedCounts named;

  /**
   * @param queue counts of queued writes, by rqlite's names
   * @param boots databases booted from
   */
  DebugVarsController(
      ApiMetrics metrics,
      SqlCounts sql,
      AccessControl access,
      Supplier<Map<String, Long>> queue,
      LongSupplier boots,
      NamedCounts named) {
    this.metrics = metrics;
    this.sql = sql;
    this.access = access;
    this.queue = queue;
    this.boots = boots;
    this.named = named;
  }

  void vars(Exchange exchange) throws IOException {
    Map<String, Object> vars = new TreeMap<>();
    // Without its arguments, in which secrets may be.
    vars.put("cmdline", List.of(ProcessHandle.current().info().command().orElse("java")));
    vars.put("http", http());
    vars.put("memstats", memory());
    vars.put("cluster", named.cluster());
    vars.put("store", named.store(boots.getAsLong()));
    vars.put("uploader", named.uploader());
    vars.put("downloader", named.downloader());
    vars.put("proxy", named.proxy());
    String key = exchange.parameters().text("key");
    if (key != null && !key.isEmpty()) {
      vars.keySet().retainAll(List.of(key));
    }
    write(vars, exchange);
  }

  /** As Go's expvar does, which rqlite's answer is made by. */
  private static void write(Map<String, Object> vars, Exchange exchange) throws IOException {
    AnswerBuffer out = new AnswerBuffer(exchange.response());
    out.ascii("{\n");
    String separator = "";
    for (Map.Entry<String, Object> entry : vars.entrySet()) {
      out.ascii(separator);
      new JsonWriter(out, false).string(entry.getKey());
      out.ascii(": ");
      new JsonWriter(out, false).value(entry.getValue());
      separator = ",\n";
    }
    out.ascii("\n}\n");
    out.finish();
  }

  private Map<String, Object> http() {
    Map<String, Object> http = new TreeMap<>(queue.get());
    http.put("executions", sql.requests(Route.EXECUTE));
    http.put("execute_stmts_rx", sql.statements(Route.EXECUTE));
    http.put("queries", sql.requests(Route.QUERY));
    http.put("query_stmts_rx", sql.statements(Route.QUERY));
    http.put("requests", sql.requests(Route.REQUEST));
    http.put("request_stmts_rx", sql.statements(Route.REQUEST));
    http.put("backups", metrics.requests(Route.BACKUP));
    http.put("loads", metrics.requests(Route.LOAD));
    http.put("boot", metrics.requests(Route.BOOT));
    http.put("num_status", metrics.requests(Route.STATUS));
    http.put("num_readyz", metrics.requests(Route.READYZ));
    http.put("user_snapshots", metrics.requests(Route.SNAPSHOT));
    http.put("user_reaps", metrics.requests(Route.REAP));
    http.put("leader_not_found", metrics.results(Result.NO_LEADER));
    http.put("auth_ok", access.allowedCount());
    http.put("auth_fail", access.refusedCount());
    return http;
  }

  private static Map<String, Object> memory() {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    MemoryUsage heap = memory.getHeapMemoryUsage();
    List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
    Map<String, Object> stats = new TreeMap<>();
    stats.put("HeapAlloc", heap.getUsed());
    stats.put("HeapSys", heap.getCommitted());
    stats.put("Sys", heap.getCommitted() + memory.getNonHeapMemoryUsage().getCommitted());
    stats.put(
        "NumGC", collectors.stream().mapToLong(gc -> Math.max(0, gc.getCollectionCount())).sum());
    return stats;
  }
}
