package io.liferaft.api;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Statistic;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/**
 * Counts of the other modules, which keep them for Prometheus, under rqlite's names. What nobody
 * counts, because it is turned off, has no name here.
 */
final class NamedCounts {

  private static final String EVENTS = "liferaft.raft.events";
  private static final String RESULTS = "liferaft.backup.results";
  private static final String UNCHANGED = "liferaft.backup.unchanged";
  private static final String DOWNLOADS = "liferaft.restore.downloads";
  private static final String OUTCOMES = "liferaft.restore.outcomes";

  private final MeterRegistry registry;

  NamedCounts(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * @param boots databases booted from, which are loaded, too, but count apart
   */
  Map<String, Object> store(long boots) {
    Map<String, Object> store = new TreeMap<>();
    put(store, "num_snapshots", find("liferaft.raft.snapshots"));
    put(store, "num_backups", find(EVENTS, "event", "copy"));
    find(EVENTS, "event", "load")
        .ifPresent(loads -> store.put("num_loads", Math.max(0, loads - boots)));
    store.put("num_boots", boots);
    put(store, "num_restores", find(EVENTS, "event", "install"));
    put(store, "num_restores_start", find(EVENTS, "event", "start-rebuilt"));
    put(store, "num_restores_start_skipped", find(EVENTS, "event", "start-reused"));
    put(store, "leader_changes_observed", find(EVENTS, "event", "leader-change"));
    put(store, "num_joins", find(EVENTS, "event", "join"));
    put(store, "num_ignored_joins", find(EVENTS, "event", "join-ignored"));
    put(store, "num_removed_before_joins", find(EVENTS, "event", "join-replaced"));
    put(store, "nodes_reaped_ok", find(EVENTS, "event", "reaped"));
    put(store, "nodes_reaped_failed", find(EVENTS, "event", "reap-failed"));
    put(store, "num_provider_checks", find("liferaft.backup.checks"));
    put(store, "num_provider_provides", find("liferaft.backup.copies"));
    put(store, "num_provider_provides_fail", find("liferaft.backup.copies.failed"));
    put(store, "num_auto_restores", find(OUTCOMES, "outcome", "restored"));
    put(store, "num_auto_restores_skipped", find(OUTCOMES, "outcome", "followed"));
    put(store, "num_auto_restores_failed", find(OUTCOMES, "outcome", "failed"));
    return store;
  }

  Map<String, Object> cluster() {
    Map<String, Object> cluster = new TreeMap<>();
    put(cluster, "num_join_req", find(EVENTS, "event", "join-request"));
    return cluster;
  }

  Map<String, Object> uploader() {
    Map<String, Object> uploader = new TreeMap<>();
    put(uploader, "num_uploads_ok", find(RESULTS, "result", "ok"));
    put(uploader, "num_uploads_fail", find(RESULTS, "result", "failed"));
    put(uploader, "num_uploads_skipped", find(UNCHANGED, "by", "index"));
    put(uploader, "num_uploads_skipped_id", find(UNCHANGED, "by", "object"));
    put(uploader, "num_sum_get_fail", find("liferaft.backup.look.failures"));
    put(uploader, "total_upload_bytes", find("liferaft.backup.bytes"));
    put(uploader, "last_upload_bytes", find("liferaft.backup.last.bytes"));
    return uploader;
  }

  Map<String, Object> downloader() {
    Map<String, Object> downloader = new TreeMap<>();
    put(downloader, "num_downloads_ok", find(DOWNLOADS, "result", "ok"));
    put(downloader, "num_downloads_fail", find(DOWNLOADS, "result", "failed"));
    put(downloader, "download_bytes", find("liferaft.restore.download.bytes"));
    return downloader;
  }

  Map<String, Object> proxy() {
    Map<String, Object> proxy = new TreeMap<>();
    forwarded(proxy, "remote_executions", "execution");
    forwarded(proxy, "remote_queries", "query");
    forwarded(proxy, "remote_requests", "request");
    forwarded(proxy, "remote_backups", "backup");
    forwarded(proxy, "remote_loads", "load");
    forwarded(proxy, "remote_stepdowns", "stepdown");
    forwarded(proxy, "remote_remove_node", "removal");
    return proxy;
  }

  private void forwarded(Map<String, Object> into, String name, String call) {
    String meter = "liferaft.raft.forwarded";
    put(into, name, find(meter, "call", call, "result", "ok"));
    put(into, name + "_failed", find(meter, "call", call, "result", "failed"));
  }

  private static void put(Map<String, Object> into, String name, OptionalLong count) {
    count.ifPresent(value -> into.put(name, value));
  }

  private OptionalLong find(String name, String... tags) {
    Meter meter = registry.find(name).tags(tags).meter();
    return meter == null
        ? OptionalLong.empty()
        : StreamSupport.stream(meter.measure().spliterator(), false)
            .filter(measured ->
                measured.getStatistic() == Statistic.COUNT
                    || measured.getStatistic() == Statistic.VALUE)
            .mapToLong(measured -> (long) measured.getValue())
            .findFirst();
  }
}
