package io.liferaft.api;

import io.liferaft.backup.BackupStatus;
import io.liferaft.cdc.CdcStatus;
import io.liferaft.go.GoDuration;
import io.liferaft.queue.QueueStatus;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NodeStatus.Member;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.restore.RestoreState;
import io.liferaft.sqlite.StoreStatus;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gathers what {@code /status} tells; keys are rqlite's, sorted as Go sorts them. */
final class StatusReport {

  private static final Logger log = LoggerFactory.getLogger(StatusReport.class);
  private static final String NEVER = "0001-01-01T00:00:00Z";

  /**
   * Where the facts come from.
   *
   * @param store null supplier result when there is no store
   * @param bindAddress of HTTP
   * @param users whether there are some
   * @param tls of HTTP
   * @param dataFolder of the node
   * @param storeEndpoint of S3; null for Amazon's own
   */
  record Sources(
      RaftNode raft,
      Supplier<StoreStatus> store,
      Supplier<RestoreState> restore,
      Supplier<BackupStatus> backup,
      Supplier<QueueStatus> queue,
      Supplier<Optional<CdcStatus>> changes,
      Supplier<String> bindAddress,
      boolean users,
      Map<String, Object> tls,
      Path dataFolder,
      @Nullable String storeEndpoint) {}

  private final Sources sources;
  private final String version;
  private final Clock clock;
  private final Instant started;

  StatusReport(Sources sources, String version, Clock clock) {
    this.sources = sources;
    this.version = version;
    this.clock = clock;
    this.started = clock.instant();
  }

  Map<String, Object> tree() {
    NodeStatus status = sources.raft().status();
    Map<String, Object> tree = new TreeMap<>();
    tree.put("build", build());
    tree.put("cluster", cluster(status));
    tree.put("http", http(status));
    tree.put("node", node());
    tree.put("os", os());
    tree.put("runtime", runtime());
    tree.put(
        "store",
        NodesController.isOpen(status) ? store(status) : new TreeMap<>(Map.of("open", false)));
    Map<String, Object> own = liferaft(status);
    BackupStatus backup = sources.backup().get();
    if (backup.target() != null) {
      tree.put(
          "auto_backups",
          backups(backup, UploadDestination.of(backup.target(), sources.storeEndpoint())));
      own.put("backup", backup(backup));
    }
    sources.changes().get().ifPresent(changes -> tree.put("cdc", changes(status, changes)));
    tree.put("liferaft", own);
    return tree;
  }

  private static Map<String, Object> changes(NodeStatus node, CdcStatus changes) {
    Map<String, Object> cdc = new TreeMap<>();
    cdc.put("node_id", node.id());
    cdc.put("dir", changes.folder() == null ? "" : changes.folder().toString());
    cdc.put("highwater_mark", changes.highWaterMark());
    cdc.put("is_leader", changes.leads());
    cdc.put("sink", changes.sink());
    Map<String, Object> fifo = new TreeMap<>();
    fifo.put("has_next", changes.length() > 0);
    fifo.put("length", changes.length());
    cdc.put("fifo", fifo);
    if (!changes.serviceId().isEmpty()) {
      cdc.put("service_id", changes.serviceId());
    }
    return cdc;
  }

  private Map<String, Object> build() {
    Map<String, Object> build = new TreeMap<>();
    build.put("version", version);
    build.put("commit", "unknown");
    build.put("branch", "unknown");
    build.put("build_time", "unknown");
    build.put("compiler_toolchain", "jdk");
    build.put("compiler_command", "javac");
    return build;
  }

  /** Where the others reach this node. */
  private Map<String, Object> cluster(NodeStatus status) {
    Map<String, Object> cluster = new TreeMap<>();
    cluster.put("addr", status.raftAddress());
    cluster.put("api_addr", status.httpAddress());
    cluster.put("https", sources.tls().getOrDefault("enabled", "false"));
    return cluster;
  }

  private Map<String, Object> http(NodeStatus status) {
    Map<String, Object> http = new TreeMap<>();
    Map<String, Object> calls = new TreeMap<>();
    calls.put("local_node_addr", status.raftAddress());
    calls.put("timeout", GoDuration.format(QueryParameters.DEFAULT_TIMEOUT));
    http.put("cluster", calls);
    http.put("bind_addr", sources.bindAddress().get());
    http.put("auth", sources.users() ? "enabled" : "disabled");
    http.put("tls", sources.tls());
    http.put("queue", new TreeMap<>(Map.of("_default", queue(sources.queue().get()))));
    return http;
  }

  private static Map<String, Object> queue(QueueStatus status) {
    Map<String, Object> queue = new TreeMap<>();
    queue.put("max_size", status.capacity());
    queue.put("batch_size", status.batchSize());
    queue.put("timeout", GoDuration.format(status.timeout()));
    queue.put("sequence_number", status.sequenceNumber());
    return queue;
  }

  private Map<String, Object> node() {
    Instant now = clock.instant();
    Map<String, Object> node = new TreeMap<>();
    node.put("start_time", started.truncatedTo(ChronoUnit.MICROS).toString());
    node.put("current_time", now.truncatedTo(ChronoUnit.MICROS).toString());
    node.put("uptime", GoDuration.format(Duration.between(started, now)));
    return node;
  }

  private static Map<String, Object> os() {
    Map<String, Object> os = new TreeMap<>();
    os.put("pid", ProcessHandle.current().pid());
    os.put("ppid", ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L));
    os.put("page_size", 4096);
    return os;
  }

  private static Map<String, Object> runtime() {
    Runtime jvm = Runtime.getRuntime();
    Map<String, Object> runtime = new TreeMap<>();
    runtime.put("GOARCH", System.getProperty("os.arch", ""));
    runtime.put("GOOS", System.getProperty("os.name", "").toLowerCase(Locale.ROOT));
    runtime.put("GOMAXPROCS", jvm.availableProcessors());
    runtime.put("num_cpu", jvm.availableProcessors());
    runtime.put("num_goroutine", Thread.activeCount());
    runtime.put("version", "java" + Runtime.version());
    runtime.put("heap_used", jvm.totalMemory() - jvm.freeMemory());
    runtime.put("heap_max", jvm.maxMemory());
    return runtime;
  }

  private Map<String, Object> liferaft(NodeStatus status) {
    Map<String, Object> own = new TreeMap<>();
    own.put("phase", status.phase().name());
    own.put("problem", status.problem() == null ? "" : status.problem());
    own.put("formed", status.formed());
    own.put("restore", restore(sources.restore().get()));
    if (NodesController.isOpen(status)) {
      try {
        ReplicatedState state = sources.raft().state();
        own.put("cluster_id", state.clusterId());
        own.put("generation", state.generation());
        own.put("change_index", RqliteIndex.ofChange(state.changeIndex()));
      } catch (RuntimeException e) {
        log.debug("The replicated state is not there yet", e);
      }
    }
    return own;
  }

  private static Map<String, Object> restore(RestoreState state) {
    Map<String, Object> restore = new TreeMap<>();
    restore.put("state", state.getClass().getSimpleName().toLowerCase(Locale.ROOT));
    switch (state) {
      case RestoreState.Waiting(String reason) -> restore.put("reason", reason);
      case RestoreState.Following(String leader) -> restore.put("leader", leader);
      case RestoreState.Looking(String source) -> restore.put("source", source);
      case RestoreState.Downloading(String source, long bytes, long total, Instant _) ->
          progress(restore, source, bytes, total);
      case RestoreState.Verifying(String source, long bytes) ->
          progress(restore, source, bytes, bytes);
      case RestoreState.Loading(String source, long bytes, long total, Instant _) ->
          progress(restore, source, bytes, total);
      case RestoreState.Failed(String source, String reason, int attempts, Instant next) -> {
        restore.put("source", source);
        restore.put("reason", reason);
        restore.put("attempts", attempts);
        restore.put("next", next.toString());
      }
      case RestoreState.Done(String outcome) -> restore.put("outcome", outcome);
    }
    return restore;
  }

  private static void progress(
      Map<String, Object> restore, String source, long bytes, long totalBytes) {
    restore.put("source", source);
    restore.put("bytes", bytes);
    restore.put("total_bytes", totalBytes);
  }

  /**
   * Whether the leader is named. rqlite's harnesses and clients take a node that names one for
   * ready, unless a restore is pending: none is named while the cluster forms or this node catches
   * up.
   */
  private boolean named(NodeStatus status) {
    return switch (status.phase()) {
      case OPENING, FORMING, CATCHING_UP -> false;
      case RUNNING ->
          switch (sources.restore().get()) {
            case RestoreState.Waiting _ -> false;
            case RestoreState.Following _ ->
                sources.raft().state().restore() instanceof RestoreRecord.Begun;
            default -> true;
          };
      case INSTALLING, FAILED, CLOSED -> true;
    };
  }

  private Map<String, Object> store(NodeStatus status) {
    Map<String, Object> store = new TreeMap<>();
    store.put("open", Map.of());
    store.put("node_id", status.id());
    store.put("addr", status.raftAddress());
    store.put("dir", sources.dataFolder().toAbsolutePath().normalize().toString());
    Member leader = named(status) ? status.leader() : null;
    Map<String, Object> leaderTree = new TreeMap<>();
    leaderTree.put("node_id", leader == null ? "" : leader.id());
    leaderTree.put("addr", leader == null ? "" : leader.raftAddress());
    store.put("leader", leaderTree);
    store.put(
        "ready",
        status.phase() == NodeStatus.Phase.RUNNING
            && leader != null
            && sources.restore().get() instanceof RestoreState.Done);
    store.put("raft", raft(status));
    store.put("fsm_index", RqliteIndex.of(status.appliedIndex()));
    store.put("db_applied_index", changeIndex());
    store.put("nodes", members(status));
    StoreStatus files = sources.store().get();
    if (files.file() != null) {
      store.put("sqlite3", sqlite(files, files.file()));
    }
    return store;
  }

  private long changeIndex() {
    try {
      return RqliteIndex.ofChange(sources.raft().state().changeIndex());
    } catch (RuntimeException e) {
      log.debug("The replicated state is not there yet", e);
      return 0;
    }
  }

  private static Map<String, Object> raft(NodeStatus status) {
    boolean voter =
        status.members().stream().anyMatch(m -> m.id().equals(status.id()) && m.voter());
    long voters = status.members().stream().filter(Member::voter).count();
    Map<String, Object> raft = new TreeMap<>();
    raft.put(
        "state",
        switch (status.role()) {
          case LEADER -> "Leader";
          case CANDIDATE -> "Candidate";
          case FOLLOWER, LISTENER, NONE -> "Follower";
        });
    raft.put("voter", voter);
    raft.put("commit_index", RqliteIndex.of(status.commitIndex()));
    raft.put("applied_index", RqliteIndex.of(status.appliedIndex()));
    raft.put("last_log_index", RqliteIndex.of(status.lastLogIndex()));
    raft.put("last_snapshot_index", RqliteIndex.of(status.snapshotIndex()));
    raft.put("fsm_pending", Math.max(0, status.commitIndex() - status.appliedIndex()));
    raft.put("term", status.term());
    raft.put("num_peers", Math.max(0, voters - (voter ? 1 : 0)));
    return raft;
  }

  private static List<Object> members(NodeStatus status) {
    List<Object> nodes = new ArrayList<>();
    for (Member member : status.members()) {
      Map<String, Object> node = new TreeMap<>();
      node.put("id", member.id());
      node.put("addr", member.raftAddress());
      node.put("suffrage", member.voter() ? "voter" : "nonvoter");
      nodes.add(node);
    }
    return nodes;
  }

  private static Map<String, Object> sqlite(StoreStatus files, Path file) {
    Map<String, Object> sqlite = new TreeMap<>();
    sqlite.put("path", file.toString());
    sqlite.put("version", files.sqliteVersion());
    sqlite.put("db_size", files.sizeBytes());
    sqlite.put("wal_size", files.walBytes());
    sqlite.put("size", files.sizeBytes() + files.walBytes());
    Map<String, Object> pragmas = new TreeMap<>();
    pragmas.put("ro", pragmas(files, "1000"));
    pragmas.put("rw", pragmas(files, "0"));
    sqlite.put("pragmas", pragmas);
    return sqlite;
  }

  /** Exactly rqlite's five keys: harnesses compare the whole object. */
  private static Map<String, Object> pragmas(StoreStatus files, String autoCheckpoint) {
    Map<String, Object> pragmas = new TreeMap<>();
    pragmas.put("busy_timeout", "5000");
    pragmas.put("foreign_keys", files.foreignKeys() ? "1" : "0");
    pragmas.put("journal_mode", "wal");
    pragmas.put("synchronous", "0");
    pragmas.put("wal_autocheckpoint", autoCheckpoint);
    return pragmas;
  }

  private static Map<String, Object> backup(BackupStatus status) {
    Map<String, Object> backup = new TreeMap<>();
    backup.put("state", status.state().name().toLowerCase(Locale.ROOT));
    backup.put("problem", status.problem() == null ? "" : status.problem());
    return backup;
  }

  /** Exactly rqlite's five keys. */
  private static Map<String, Object> backups(BackupStatus status, String destination) {
    Map<String, Object> backups = new TreeMap<>();
    backups.put("upload_destination", destination);
    backups.put("upload_interval", GoDuration.format(status.interval()));
    backups.put(
        "last_upload_time", status.lastTime() == null ? NEVER : status.lastTime().toString());
    backups.put(
        "last_upload_duration",
        GoDuration.format(status.lastDuration() == null ? Duration.ZERO : status.lastDuration()));
    backups.put("last_index", Long.toString(RqliteIndex.ofChange(status.lastChangeIndex())));
    return backups;
  }
}
