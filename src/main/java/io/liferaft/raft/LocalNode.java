package io.liferaft.raft;

import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of this node: its folder and identity, Ratis' server with its state machine, what it
 * knows of the leader, and its being opened again after a fault. Opening happens on a thread of its
 * own; events are published from another one, in order.
 */
final class LocalNode implements SqliteStateMachine.Listener, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LocalNode.class);
  private static final Duration TICK = Duration.ofMillis(100);
  private static final Duration REOPEN_AFTER = Duration.ofSeconds(1);
  private static final Duration SNAPSHOT_TIMEOUT = Duration.ofMinutes(10);

  private final NodeConfig config;
  private final SqliteStore store;
  private final Clock clock;
  private final Consumer<LeadershipChanged> publisher;
  private final Peers peers = new Peers();
  private final ExecutorService workers;
  private final ScheduledExecutorService events;
  private final LeaderSignal leaderSignal = new LeaderSignal();
  private final AtomicLong elections = new AtomicLong();
  private final AtomicBoolean snapshotPending = new AtomicBoolean();
  private final Installer installer;
  private Peers.@Nullable Local local;

  private volatile @Nullable NodeIdentity identity;
  private volatile @Nullable RatisServer server;
  private volatile @Nullable SqliteStateMachine machine;
  private volatile @Nullable WriteBatcher batcher;
  private volatile boolean fresh;
  private volatile boolean closed;
  private volatile boolean reopening;
  private volatile boolean leads;
  private volatile @Nullable String failure;
  private volatile @Nullable String stuck;
  private volatile @Nullable String waitingFor;
  private volatile long leaderlessSince = System.nanoTime();
  private volatile @Nullable String lastLeader;

  LocalNode(
      NodeConfig config, SqliteStore store, Clock clock, Consumer<LeadershipChanged> publisher) {
    this.config = config;
    this.store = store;
    this.clock = clock;
    this.publisher = publisher;
    this.workers =
        Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("raft-peer-" + config.id() + "-", 0).factory());
    this.events =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("raft-events-" + config.id()).daemon().factory());
    this.installer = new Installer(config.dataDir(), peers, workers);
  }

  /** Starts opening; returns at once. */
  void start(Peers.Local served) {
    this.local = served;
    Thread _ = Thread.ofPlatform().name("raft-open-" + config.id()).start(this::open);
    var _ =
        events.scheduleWithFixedDelay(
            this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void open() {
    try {
      Files.createDirectories(config.dataDir());
      NodeIdentity own = identify();
      identity = own;
      fresh = !own.joinOnly() && isFresh();
      checkRecord();
      startServer(own);
      failure = null;
    } catch (IOException | RuntimeException e) {
      SqliteException.InvalidDatabase touched =
          cause(e, SqliteException.InvalidDatabase.class).orElse(null);
      if (touched != null && config.initialCluster().size() > 1) {
        startOver(touched);
      } else {
        fail(e);
      }
    }
  }

  private void startServer(NodeIdentity own) throws IOException {
    Peers.Local served = local;
    if (served == null) {
      throw new IllegalStateException("not started");
    }
    RatisServer starting =
        new RatisServer(
            config,
            own,
            _ -> {
              SqliteStateMachine created =
                  new SqliteStateMachine(
                      () -> Replica.open(store, config.dataDir()), config.id(), this);
              machine = created;
              return created;
            },
            PeerRpc.service(Peers.handler(served), workers));
    try {
      starting.start();
    } catch (IOException | RuntimeException e) {
      starting.close();
      throw e;
    }
    WriteBatcher writes = new WriteBatcher(config.id(), clock, starting::submit);
    writes.start();
    batcher = writes;
    server = starting;
    log.info(
        "Node {} listens for other nodes at {}; {}",
        own.peerId(),
        config.raftBind(),
        starting
            .groupId()
            .map(id -> "goes on in cluster group " + id.getUuid())
            .orElse(fresh ? "its data directory is fresh" : "it is in no group yet"));
  }

  /** The folder's identity; a new incarnation when the address has changed. */
  private NodeIdentity identify() throws IOException {
    Optional<NodeIdentity> known = NodeIdentity.read(config.dataDir());
    if (known.isEmpty()) {
      NodeIdentity created = NodeIdentity.create(config.id(), config.raftAddress(), false);
      created.write(config.dataDir());
      return created;
    }
    NodeIdentity own = known.get();
    if (!own.id().equals(config.id())) {
      throw new IllegalStateException(
          "the data directory %s belongs to node %s, but liferaft.node.id is %s: use the old id or another directory"
              .formatted(config.dataDir(), own.id(), config.id()));
    }
    if (!own.raftAddress().equals(config.raftAddress()) && config.initialCluster().size() > 1) {
      log.warn(
          "The Raft address of this node has changed from {} to {}: it asks to be admitted again",
          own.raftAddress(),
          config.raftAddress());
      return newIncarnation();
    }
    return own;
  }

  private NodeIdentity newIncarnation() throws IOException {
    // First the identity: with the old one a half-deleted Raft folder could vote.
    NodeIdentity created = NodeIdentity.create(config.id(), config.raftAddress(), true);
    created.write(config.dataDir());
    org.springframework.util.FileSystemUtils.deleteRecursively(
        RatisServer.folder(config.dataDir()));
    return created;
  }

  /** Nothing of a database, a record or a log is there. */
  private boolean isFresh() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(config.dataDir())) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        if (name.equals("snapshot.record") || name.matches("db-\\d+\\.sqlite.*")) {
          return false;
        }
      }
    }
    Path raft = RatisServer.folder(config.dataDir());
    if (!Files.isDirectory(raft)) {
      return true;
    }
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(raft)) {
      return !groups.iterator().hasNext();
    }
  }

  /** A log that begins later than at 0 needs the record that it was cut for. */
  private void checkRecord() throws IOException {
    if (Files.exists(config.dataDir().resolve("snapshot.record"))) {
      return;
    }
    Path raft = RatisServer.folder(config.dataDir());
    if (!Files.isDirectory(raft)) {
      return;
    }
    try (var files = Files.walk(raft)) {
      boolean complete =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.startsWith("log_"))
              .mapToLong(
                  name -> Long.parseLong(name.replaceAll("log_(inprogress_)?(\\d+).*", "$2")))
              .min()
              .stream()
              .allMatch(first -> first == 0);
      if (!complete) {
        throw new SqliteException.InvalidDatabase(
            "the database in %s is missing or was set aside because another program had changed it, and the log no longer reaches back to the beginning: put the set-aside files back, or delete the directory to restore from the backup"
                .formatted(config.dataDir()),
            null);
      }
    }
  }

  /** The database was touched while the node was down: it comes anew from the leader. */
  private void startOver(SqliteException.InvalidDatabase touched) {
    log.error(
        "{}. This node gives up its local data and takes a copy from the leader",
        touched.getMessage());
    try {
      closeServer();
      NodeIdentity own = newIncarnation();
      identity = own;
      fresh = false;
      startServer(own);
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }

  private void fail(Exception e) {
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof SqliteException)) {
      cause = cause.getCause();
    }
    failure = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    log.error("This node cannot open its data and stays out of service: {}", failure, e);
    closeServer();
  }

  static <T> Optional<T> cause(Throwable e, Class<T> type) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return Optional.of(type.cast(cause));
      }
    }
    return Optional.empty();
  }

  // --- what others in this module ask ---

  NodeConfig config() {
    return config;
  }

  Peers peers() {
    return peers;
  }

  ExecutorService workers() {
    return workers;
  }

  LeaderSignal leaderSignal() {
    return leaderSignal;
  }

  Optional<RatisServer> server() {
    return Optional.ofNullable(server);
  }

  Optional<WriteBatcher> batcher() {
    return Optional.ofNullable(batcher);
  }

  Optional<SqliteStateMachine> machine() {
    return Optional.ofNullable(machine);
  }

  boolean fresh() {
    return fresh;
  }

  /** Whether this node is the ready leader. */
  boolean leads() {
    return leads;
  }

  StatePayload payload() {
    return machine().map(SqliteStateMachine::replica).map(Replica::payload).orElse(Replica.FRESH);
  }

  Optional<NodeIdentity> identity() {
    return Optional.ofNullable(identity);
  }

  Optional<RaftServer.Division> division() {
    return server().flatMap(RatisServer::division);
  }

  void report(@Nullable String reason) {
    if (reason != null && !reason.equals(waitingFor)) {
      log.info("Forming the cluster: {}", reason);
    }
    waitingFor = reason;
  }

  /** Forgets that this folder may only join, once a configuration names it. */
  void admitted() {
    NodeIdentity own = identity;
    if (own != null && own.joinOnly()) {
      NodeIdentity member = new NodeIdentity(own.id(), own.incarnation(), own.raftAddress(), false);
      try {
        member.write(config.dataDir());
        identity = member;
      } catch (IOException e) {
        log.warn("Cannot write the identity of this node: {}", e.toString());
      }
    }
  }

  boolean configured(RaftServer.Division division) {
    RatisServer current = server;
    return current != null
        && division
                .getRaftConf()
                .getPeer(current.self().getId(), RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER)
            != null;
  }

  PeerAnswer.Standing standing() {
    if (failure != null || server == null) {
      return PeerAnswer.Standing.UNKNOWN;
    }
    return division()
        .map(division ->
            configured(division) ? PeerAnswer.Standing.MEMBER : PeerAnswer.Standing.JOINING)
        .orElse(fresh ? PeerAnswer.Standing.FRESH : PeerAnswer.Standing.DETACHED);
  }

  NodeStatus status() {
    Optional<RaftServer.Division> division = division();
    ReplicatedState state = payload().state();
    DivisionInfo info = division.map(RaftServer.Division::getInfo).orElse(null);
    RaftConfiguration conf = division.map(RaftServer.Division::getRaftConf).orElse(null);
    List<NodeStatus.Member> members = conf == null ? List.of() : members(conf);
    String leaderId =
        info == null || info.getLeaderId() == null
            ? null
            : NodeIdentity.nodeId(info.getLeaderId().toString());
    NodeStatus.Member leader =
        members.stream().filter(member -> member.id().equals(leaderId)).findFirst().orElse(null);
    return new NodeStatus(
        config.id(),
        config.raftAddress(),
        config.httpAddress(),
        phase(division.orElse(null)),
        problem(),
        info == null ? NodeStatus.Role.NONE : role(info),
        leader,
        info == null ? 0 : info.getCurrentTerm(),
        division.map(d -> d.getRaftLog().getLastCommittedIndex()).orElse(-1L),
        state.appliedIndex(),
        division.map(d -> d.getRaftLog().getNextIndex() - 1).orElse(-1L),
        machine().map(SqliteStateMachine::replica).map(Replica::recordIndex).orElse(-1L),
        elections.get(),
        formed(state, members),
        leader != null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - leaderlessSince),
        members);
  }

  private static boolean formed(ReplicatedState state, List<NodeStatus.Member> members) {
    List<String> initial = new ArrayList<>();
    state.initialMembers().forEach(member -> initial.add(member.substring(0, member.indexOf('='))));
    long voters =
        members.stream().filter(member -> member.voter() && initial.contains(member.id())).count();
    return !initial.isEmpty() && voters > initial.size() / 2;
  }

  private NodeStatus.Phase phase(RaftServer.@Nullable Division division) {
    if (closed) {
      return NodeStatus.Phase.CLOSED;
    }
    if (failure != null) {
      return NodeStatus.Phase.FAILED;
    }
    if (server == null || reopening) {
      return NodeStatus.Phase.OPENING;
    }
    if (division == null) {
      return groupStarts() ? NodeStatus.Phase.OPENING : NodeStatus.Phase.FORMING;
    }
    if (!configured(division)) {
      return NodeStatus.Phase.FORMING;
    }
    return installer.running() ? NodeStatus.Phase.INSTALLING : NodeStatus.Phase.RUNNING;
  }

  private boolean groupStarts() {
    return server().flatMap(RatisServer::groupId).isPresent();
  }

  private @Nullable String problem() {
    if (failure != null) {
      return failure;
    }
    return stuck != null ? stuck : waitingFor;
  }

  private static NodeStatus.Role role(DivisionInfo info) {
    return switch (info.getCurrentRole()) {
      case null -> NodeStatus.Role.NONE; // while the group starts
      case LEADER -> NodeStatus.Role.LEADER;
      case FOLLOWER -> NodeStatus.Role.FOLLOWER;
      case CANDIDATE -> NodeStatus.Role.CANDIDATE;
      case LISTENER -> NodeStatus.Role.LISTENER;
      case UNRECOGNIZED -> NodeStatus.Role.NONE;
    };
  }

  private static List<NodeStatus.Member> members(RaftConfiguration conf) {
    List<NodeStatus.Member> members = new ArrayList<>();
    conf.getAllPeers(RaftPeerRole.FOLLOWER).forEach(peer -> members.add(member(peer, true)));
    conf.getAllPeers(RaftPeerRole.LISTENER).forEach(peer -> members.add(member(peer, false)));
    members.sort(java.util.Comparator.comparing(NodeStatus.Member::id));
    return members;
  }

  private static NodeStatus.Member member(RaftPeer peer, boolean voter) {
    String http = peer.getClientAddress() == null ? "" : peer.getClientAddress();
    return new NodeStatus.Member(
        NodeIdentity.nodeId(peer.getId().toString()), peer.getAddress(), http, voter);
  }

  Map<String, String> initialCluster() {
    return config.initialCluster();
  }

  /** Brings the main file up to what has been applied; waits. */
  void snapshot(Duration timeout) throws IOException {
    long _ = server().orElseThrow(LocalNode::opening).snapshot(timeout);
  }

  static NotReadyException opening() {
    return new NotReadyException("store not open", Duration.ofSeconds(1));
  }

  // --- events ---

  private void tick() {
    try {
      Optional<RaftServer.Division> division = division();
      boolean known = division.map(d -> d.getInfo().getLeaderId() != null).orElse(false);
      if (known) {
        leaderlessSince = System.nanoTime();
        leaderSignal.signal();
      }
      RatisServer current = server;
      if (current != null && !reopening && !closed && failure == null && current.closed()) {
        broken(new SqliteException("Ratis has closed the group"));
      }
      if (division.isPresent() && store.status().walBytes() >= config.walSizeBytes()) {
        snapshotSoon();
      }
    } catch (RuntimeException e) {
      log.debug("A tick failed", e);
    }
  }

  private void snapshotSoon() {
    RatisServer current = server;
    if (current == null || !snapshotPending.compareAndSet(false, true)) {
      return;
    }
    try {
      var _ =
          current
              .snapshotAsync(SNAPSHOT_TIMEOUT)
              .whenComplete((_, _) -> snapshotPending.set(false));
    } catch (IOException | RuntimeException e) {
      snapshotPending.set(false);
      log.debug("No snapshot now: {}", e.toString());
    }
  }

  private void publish(@Nullable String leaderId, boolean self) {
    if (closed) {
      return;
    }
    long term = division().map(d -> d.getInfo().getCurrentTerm()).orElse(0L);
    events.execute(() -> {
      if (self || !java.util.Objects.equals(leaderId, lastLeader) || leaderId == null) {
        log.info(
            "{}",
            leaderId == null
                ? "No leader is known"
                : self
                    ? "This node leads in term " + term
                    : "Node " + leaderId + " leads in term " + term);
      }
      lastLeader = leaderId;
      try {
        publisher.accept(new LeadershipChanged(leaderId, self, term));
      } catch (RuntimeException e) {
        log.error("A listener of leadership failed", e);
      }
    });
    leaderSignal.signal();
  }

  @Override
  public void leaderChanged(RaftPeerId leader) {
    String id = NodeIdentity.nodeId(leader.toString());
    if (!id.equals(config.id())) {
      leads = false;
      publish(id, false);
    }
  }

  @Override
  public void leaderReady() {
    elections.incrementAndGet();
    leads = true;
    publish(config.id(), true);
    if (payload().state().clusterId().isEmpty()) {
      workers.execute(this::proposeCluster);
    }
  }

  private void proposeCluster() {
    List<String> members = new ArrayList<>();
    config.initialCluster().forEach((id, address) -> members.add(id + "=" + address));
    LogCommand founded =
        new LogCommand.ClusterFounded(
            java.util.UUID.randomUUID().toString(),
            java.util.HexFormat.of()
                .toHexDigits(java.util.concurrent.ThreadLocalRandom.current().nextLong()),
            members);
    server()
        .ifPresent(current -> {
          var _ = current.submit(founded, LogCommandCodec.encode(founded));
        });
  }

  @Override
  public void notLeader() {
    leads = false;
    publish(null, false);
  }

  @Override
  public void configurationChanged() {
    leaderSignal.signal();
  }

  @Override
  public CompletableFuture<@Nullable TermIndex> install(
      RaftPeerId leader, String address, long first) {
    long ownLast = division().map(d -> d.getRaftLog().getNextIndex() - 1).orElse(-1L);
    return installer.fetch(address, first, ownLast);
  }

  @Override
  public void switchInstalled(Replica replica) throws IOException {
    installer.switchTo(replica);
  }

  @Override
  public void stuck(@Nullable String problem) {
    stuck = problem;
    if (problem != null && leads) {
      workers.execute(() -> {
        try {
          server().orElseThrow(LocalNode::opening).transferLeadership(null, Duration.ofSeconds(3));
        } catch (IOException | RuntimeException e) {
          log.debug("Leadership not handed on: {}", e.toString());
        }
      });
    }
  }

  @Override
  public void broken(SqliteException cause) {
    if (closed || reopening) {
      return;
    }
    reopening = true;
    log.error("This node opens its data again from its last record: {}", cause.getMessage());
    Thread _ = Thread.ofPlatform().name("raft-open-" + config.id()).start(this::reopen);
  }

  private void reopen() {
    try {
      closeServer();
      TimeUnit.NANOSECONDS.sleep(REOPEN_AFTER.toNanos());
      if (!closed) {
        open();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      reopening = false;
    }
  }

  private void closeServer() {
    leads = false;
    WriteBatcher writes = batcher;
    batcher = null;
    if (writes != null) {
      writes.close();
    }
    RatisServer current = server;
    server = null;
    if (current != null) {
      current.close();
    }
    machine = null;
  }

  /** Stops for good: takes a last snapshot where it can, and closes everything. Waits. */
  @Override
  public void close() {
    closed = true;
    closeServer();
    events.shutdownNow();
    workers.shutdownNow();
    peers.close();
  }
}
