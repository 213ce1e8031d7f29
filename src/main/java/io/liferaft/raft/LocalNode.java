package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of this node: opens its folder, Ratis' server and the state machine, closes them, and
 * opens them again from the last record after a fault that nothing less mends. Opening and closing
 * happen on the thread {@code raft-open}, one after the other; nothing here waits on a Ratis
 * thread.
 */
final class LocalNode implements SqliteStateMachine.Listener, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LocalNode.class);

  /** Ratis' small files must always find room: an election that cannot be written down is lost. */
  private static final long RESERVED_BYTES = 16L * 1024 * 1024;

  /** Below this Ratis is not even started: its first election could not be written down. */
  private static final long OPEN_BYTES = 4L * 1024 * 1024;

  private static final Duration TICK = Duration.ofMillis(100);
  private static final Duration REOPEN_AFTER = Duration.ofSeconds(1);
  private static final Duration RETRY_OPEN_AFTER = Duration.ofSeconds(5);
  private static final Duration ASK_LEADER = Duration.ofSeconds(5);

  private final NodeConfig config;
  private final NodeFolder folder;
  private final LongSupplier usableBytes;
  private final SqliteStore store;
  private final Clock clock;
  private final Peers peers = new Peers();
  private final ExecutorService workers;
  private final ScheduledExecutorService events;
  private final ScheduledExecutorService opener;
  private final LeaderSignal leaderSignal = new LeaderSignal();
  private final LeaderEvents leadership;
  private final CatchUp catchUp = new CatchUp();
  private final LogStall logStall = new LogStall();
  private final SnapshotTrigger snapshots = new SnapshotTrigger();
  private final HandOver handOver;
  private final AtomicBoolean reopening = new AtomicBoolean();
  private final Corruption corruption = new Corruption();
  private final TermCeiling votes;
  private final RaftFolder raftFolder;
  private final Installer installer;
  private Peers.@Nullable Local local;
  private Runnable housekeeping = () -> {};

  private volatile @Nullable NodeIdentity identity;
  private volatile @Nullable RatisServer server;
  private volatile @Nullable SqliteStateMachine machine;
  private volatile @Nullable WriteBatcher batcher;
  private volatile boolean fresh;
  private volatile boolean closed;
  private volatile boolean room = true;
  private volatile boolean cleared;
  private volatile @Nullable String failure;
  private volatile @Nullable String stuck;
  private volatile @Nullable String waitingFor;
  private volatile long leaderlessSince = System.nanoTime();

  LocalNode(
      NodeConfig config, SqliteStore store, Clock clock, Consumer<LeadershipChanged> publisher) {
    this(config, store, clock, publisher, new NodeFolder(config, store.files())::usableBytes);
  }

  /**
   * @param usableBytes room left for the data directory
   */
  LocalNode(
      NodeConfig config,
      SqliteStore store,
      Clock clock,
      Consumer<LeadershipChanged> publisher,
      LongSupplier usableBytes) {
    this.config = config;
    this.folder = new NodeFolder(config, store.files());
    this.usableBytes = usableBytes;
    this.votes = new TermCeiling(config.dataDir());
    this.raftFolder =
        new RaftFolder(config.dataDir(), store.files(), config.initialCluster().size() == 1);
    this.cleared = config.initialCluster().size() == 1;
    this.store = store;
    this.clock = clock;
    this.workers =
        Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("raft-peer-" + config.id() + "-", 0).factory());
    this.handOver = new HandOver(workers);
    this.events = oneThread("raft-events-" + config.id());
    this.opener = oneThread("raft-open-" + config.id());
    this.leadership = new LeaderEvents(config.id(), this::onEvents, publisher, leaderSignal);
    this.installer = new Installer(config.dataDir(), store.files(), peers, workers);
  }

  private static ScheduledExecutorService oneThread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().name(name).daemon().factory());
  }

  private void onEvents(Runnable task) {
    try {
      events.execute(task);
    } catch (RejectedExecutionException e) {
      log.debug("An event after the end is dropped");
    }
  }

  /**
   * Starts opening; returns at once.
   *
   * @param housekeeping run every tick, must not wait
   * @throws SqliteException.FolderInUse when another process has the directory
   */
  void start(Peers.Local served, Runnable housekeeping) {
    this.local = served;
    this.housekeeping = housekeeping;
    try {
      folder.lock();
    } catch (IOException e) {
      log.debug("Opening will say so", e);
    }
    opener.execute(this::open);
    var _ =
        events.scheduleWithFixedDelay(
            this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  // --- opening and closing, on the opener's thread ---

  private void open() {
    if (closed || server != null) {
      return; // another try has opened it
    }
    try {
      folder.lock();
      checkRoomToOpen();
      NodeIdentity own = folder.identify();
      identity = own;
      fresh = !own.joinOnly() && folder.isFresh();
      folder.checkRecord();
      TornLog.cut(config.dataDir(), store.files());
      votes.create();
      raftFolder.check(own.peerId(), votes.read());
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

  private void checkRoomToOpen() throws IOException {
    long usable = usableBytes.getAsLong();
    if (usable < OPEN_BYTES) {
      throw new IOException(
          "the disk of %s is full: %d bytes are free, at least %d must be: make room, this node goes on by itself"
              .formatted(config.dataDir(), usable, OPEN_BYTES));
    }
  }

  private void startServer(NodeIdentity own) throws IOException {
    leadership.started();
    catchUp.begin();
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
                  new SqliteStateMachine(this::openReplica, config.id(), this);
              machine = created;
              return created;
            },
            PeerRpc.service(Peers.handler(served), workers));
    try {
      starting.start();
    } catch (IOException | RuntimeException e) {
      closeQuietly(starting);
      closeMachine();
      IllegalStateException damage = raftFolder.damaging(e).orElse(null);
      if (damage != null) {
        throw damage;
      }
      throw e;
    }
    WriteBatcher writes = new WriteBatcher(config.id(), clock, starting::submit);
    writes.start();
    batcher = writes;
    leaderlessSince = System.nanoTime();
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

  private Replica openReplica() throws IOException {
    Replica replica = Replica.open(store, config.dataDir());
    try {
      raftFolder.checkLogFollows(replica.recordIndex());
      return replica;
    } catch (IOException | RuntimeException e) {
      replica.close();
      throw e;
    }
  }

  /** Gives up the place in the group, not the data: both are members' history. Waits. */
  void enterAgain() {
    openAfter(() -> {
      identity = folder.newIncarnation("");
      fresh = false;
    });
  }

  private interface FolderChange {
    void make() throws IOException;
  }

  /** Closes, changes the folder, and opens what is there then; waits. */
  private void openAfter(FolderChange change) {
    CompletableFuture.runAsync(
            () -> {
              closeServer();
              try {
                change.make();
              } catch (IOException e) {
                fail(e);
                return;
              }
              open();
            },
            opener)
        .join();
  }

  /** The database was touched while the node was down: it comes anew from the leader. */
  private void startOver(SqliteException.InvalidDatabase touched) {
    log.error(
        "{}. This node gives up its local data and takes a copy from the leader",
        touched.getMessage());
    try {
      closeServer();
      NodeIdentity own = folder.newIncarnation("");
      identity = own;
      fresh = false;
      startServer(own);
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }

  /** Out of service, but live: what may pass by itself is tried again. */
  private void fail(Exception e) {
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof SqliteException)) {
      cause = cause.getCause();
    }
    String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    if (!reason.equals(failure)) {
      log.error("This node cannot open its data and stays out of service: {}", reason);
      log.debug("It failed here", e);
    }
    failure = reason;
    closeServer();
    boolean mayPass =
        cause instanceof IOException
            || (cause instanceof SqliteException
                && !(cause instanceof SqliteException.InvalidDatabase));
    if (mayPass && !closed) {
      var _ = opener.schedule(this::open, RETRY_OPEN_AFTER.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private void reopen() {
    closeServer();
    stuck = null;
    reopening.set(false); // what is opened now replays at once, and may break before it is open
    if (corruption.stays() && config.initialCluster().size() > 1 && leaderHasGotFurther()) {
      giveUpDatabase();
    } else {
      open();
    }
  }

  private void giveUpDatabase() {
    try {
      SqliteException.InvalidDatabase damaged =
          store.setAside(
              config.dataDir(),
              "is damaged after log index "
                  + corruption.lastApplied()
                  + ", where the leader's is not");
      corruption.over();
      startOver(damaged);
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }

  /** Whether what this database cannot apply has been applied by the leader. */
  private boolean leaderHasGotFurther() {
    for (String address : config.initialCluster().values()) {
      if (!address.equals(config.raftAddress())
          && peers.who(address, ASK_LEADER).leads()
          && copyIndex(address) > corruption.lastApplied()) {
        return true;
      }
    }
    return false;
  }

  private long copyIndex(String leader) {
    try {
      Peers.CopyTicket ticket = peers.openCopy(leader, ASK_LEADER);
      peers.closeCopy(leader, ticket.ticket(), ASK_LEADER);
      return StatePayload.decode(ticket.record()).state().appliedIndex();
    } catch (RuntimeException e) {
      log.debug("The leader at {} has no copy now: {}", leader, e.toString());
      return -1;
    }
  }

  private void closeServer() {
    leadership.stopped();
    WriteBatcher writes = batcher;
    batcher = null;
    if (writes != null) {
      writes.close();
    }
    SqliteStateMachine applying = machine;
    if (applying != null) {
      applying.closeSoon();
    }
    RatisServer current = server;
    server = null;
    if (current != null) {
      closeQuietly(current);
    }
    machine = null;
  }

  /** A group that did not come to start leaves its state machine to us. */
  private void closeMachine() {
    SqliteStateMachine opened = machine;
    machine = null;
    if (opened != null) {
      try {
        opened.close();
      } catch (IOException | RuntimeException e) {
        log.warn("The database did not close cleanly: {}", e.toString());
      }
    }
  }

  private static void closeQuietly(RatisServer server) {
    try {
      server.close();
    } catch (RuntimeException e) {
      log.warn("The Raft server did not close cleanly: {}", e.toString());
    }
  }

  static <T> Optional<T> cause(Throwable e, Class<T> type) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return Optional.of(type.cast(cause));
      }
    }
    return Optional.empty();
  }

  /**
   * Stops for good; a last snapshot is taken where it can be. Waits. A second call does nothing.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      Void _ = CompletableFuture.runAsync(this::closeServer, opener).join();
    } finally {
      folder.unlock();
      opener.shutdownNow();
      events.shutdownNow();
      workers.shutdownNow();
      peers.close();
    }
  }

  // --- what others in this module ask ---

  NodeConfig config() {
    return config;
  }

  Peers peers() {
    return peers;
  }

  FileBorder files() {
    return store.files();
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

  Optional<Replica> replica() {
    return machine().map(SqliteStateMachine::replica);
  }

  Optional<RaftServer.Division> division() {
    return server().flatMap(RatisServer::division);
  }

  /** Whether there is room for the log's own files beside what clients write. */
  boolean hasRoom() {
    return room;
  }

  /** Whether what this node leads is what it has applied: false for a leader not ready yet. */
  boolean settled() {
    return leads() || !division().map(d -> d.getInfo().isLeader()).orElse(false);
  }

  /** Whether this node is the ready leader. */
  boolean leads() {
    return leadership.leads();
  }

  StatePayload payload() {
    return replica().map(Replica::payload).orElse(Replica.FRESH);
  }

  static NotReadyException opening() {
    return new NotReadyException("store not open", Duration.ofSeconds(1));
  }

  /** Says what forming waits for. */
  void report(@Nullable String reason) {
    if (reason != null && !reason.equals(waitingFor)) {
      log.info("Forming the cluster: {}", reason);
    }
    waitingFor = reason;
  }

  PeerAnswer.Standing standing() {
    if (failure != null || server == null || reopening.get()) {
      return PeerAnswer.Standing.UNKNOWN;
    }
    Optional<RaftServer.Division> division = division();
    if (division.isPresent()) {
      if (!configured(division.get())) {
        return PeerAnswer.Standing.JOINING;
      }
      admitted(division.get().getMemberId().getGroupId().getUuid().toString());
      return PeerAnswer.Standing.MEMBER;
    }
    if (groupStarts()) {
      return PeerAnswer.Standing.UNKNOWN;
    }
    return fresh ? PeerAnswer.Standing.FRESH : PeerAnswer.Standing.DETACHED;
  }

  private synchronized void admitted(String group) {
    NodeIdentity own = identity;
    if (own != null && (own.joinOnly() || !own.group().equals(group))) {
      try {
        identity = folder.admitted(own, group);
      } catch (IOException e) {
        log.warn("Cannot write the identity of this node: {}", e.toString());
      }
    }
  }

  /** Id of the group this node is in or holds data of; empty for none. */
  String groupId() {
    NodeIdentity own = identity;
    return server()
        .flatMap(RatisServer::groupId)
        .map(group -> group.getUuid().toString())
        .orElse(own == null || fresh ? "" : own.group());
  }

  /** Whether there is client data here, applied or only in the log, or may be. */
  boolean holdsData() {
    if (payload().state().changeIndex() > 0) {
      return true;
    }
    return switch (standing()) {
      case FRESH, UNREACHABLE, JOINING -> false;
      case DETACHED -> true;
      case UNKNOWN -> !fresh;
      case MEMBER -> {
        RaftServer.Division division = division().orElse(null);
        yield division != null
            && division.getInfo().getLeaderId() == null
            && LogTail.holdsData(division.getRaftLog(), payload().state().appliedIndex());
      }
    };
  }

  /** Whether every other member has been asked since the start, and none stands against it. */
  boolean cleared() {
    return cleared;
  }

  void clear() {
    cleared = true;
  }

  /** Out of service until an operator has decided. */
  void standAside(String reason) {
    opener.execute(() -> {
      fresh = false;
      fail(new IllegalStateException(reason));
    });
  }

  /** Gives up what this node has, which must be no data, and opens as a fresh one; waits. */
  void startAnew() {
    division().ifPresent(this::checkAllKnown);
    openAfter(folder::discard);
  }

  /** Somebody of the group who is not in this node's list was not asked, and may hold data. */
  private void checkAllKnown(RaftServer.Division division) {
    for (RaftPeer peer : division.getRaftConf().getAllPeers(RaftPeerRole.FOLLOWER)) {
      String member = NodeIdentity.nodeId(peer.getId().toString());
      if (!config.initialCluster().containsKey(member)) {
        throw new IllegalStateException(
            "the cluster has lost its quorum, and its member %s at %s is not in liferaft.raft.initial-cluster: add it, it may hold data"
                .formatted(member, peer.getAddress()));
      }
    }
  }

  private boolean configured(RaftServer.Division division) {
    RatisServer current = server;
    return current != null
        && division
                .getRaftConf()
                .getPeer(current.self().getId(), RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER)
            != null;
  }

  private boolean groupStarts() {
    return server().flatMap(RatisServer::groupId).isPresent();
  }

  NodeStatus status() {
    NodeView.Own own =
        new NodeView.Own(
            phase(), problem(), leadership.elections(), System.nanoTime() - leaderlessSince);
    return NodeView.status(
        config,
        own,
        division().orElse(null),
        payload().state(),
        replica().map(Replica::recordIndex).orElse(-1L));
  }

  NodeStatus.Phase phase() {
    if (closed) {
      return NodeStatus.Phase.CLOSED;
    }
    if (failure != null) {
      return NodeStatus.Phase.FAILED;
    }
    if (server == null || reopening.get()) {
      return NodeStatus.Phase.OPENING;
    }
    RaftServer.Division division = division().orElse(null);
    if (division == null) {
      return groupStarts() ? NodeStatus.Phase.OPENING : NodeStatus.Phase.FORMING;
    }
    if (!configured(division)) {
      return NodeStatus.Phase.FORMING;
    }
    if (!cleared) {
      return NodeStatus.Phase.OPENING; // somebody may go on in another group
    }
    if (installer.running()) {
      return NodeStatus.Phase.INSTALLING;
    }
    // Without a leader nobody can say what is missing: what is here may still be read.
    return catchUp.done(division) || leaderless()
        ? NodeStatus.Phase.RUNNING
        : NodeStatus.Phase.CATCHING_UP;
  }

  /** Whether no leader has been known for so long that several elections must have failed. */
  private boolean leaderless() {
    return System.nanoTime() - leaderlessSince > 10 * config.electionTimeout().toNanos();
  }

  private @Nullable String problem() {
    String fault = fault();
    // A node that has just been admitted may still have the last report of its wait.
    boolean served =
        phase() == NodeStatus.Phase.RUNNING
            && division().map(d -> d.getInfo().getLeaderId() != null).orElse(false);
    return fault != null || served ? fault : waitingFor;
  }

  /** What is wrong with this node itself; null for nothing. */
  @Nullable String fault() {
    String own = failure != null ? failure : stuck;
    return own != null ? own : corruption.problem(payload().state().appliedIndex());
  }

  /** Brings the main file up to what has been applied; waits. */
  void snapshot(Duration timeout) throws IOException {
    long _ = server().orElseThrow(LocalNode::opening).snapshot(timeout);
  }

  private void tick() {
    try {
      housekeeping.run();
      lookAtDisk();
      Optional<RaftServer.Division> division = division();
      if (division.map(d -> d.getInfo().getLeaderId() != null).orElse(false)) {
        leaderlessSince = System.nanoTime();
        leaderSignal.signal();
      } else if (leaderless()) {
        catchUp.begin();
      }
      if (stuck != null && division.map(HandOver::possible).orElse(false)) {
        handOver.start(server); // it may have been elected again: its log is as good as the others'
      }
      RatisServer current = server;
      if (current != null && failure == null && current.closed()) {
        broken(new SqliteException("Ratis has closed the group"));
      }
      if (current != null && failure == null && RaftFolder.voteIsLost(config.dataDir())) {
        broken(new SqliteException("the Raft log's votes cannot be written: the disk was full"));
      }
      division.ifPresent(this::lookAtVotes);
      division.flatMap(logStall::behind).ifPresent(this::takeCopy);
      if (!room && division.map(HandOver::possible).orElse(false)) {
        handOver.startIf(this::anotherHasRoom, server);
      }
      if (division.isPresent() && store.status().walBytes() >= config.walSizeBytes()) {
        snapshots.take(server);
      }
    } catch (RuntimeException e) {
      log.debug("A tick failed", e);
    }
  }

  private void lookAtDisk() {
    boolean now = usableBytes.getAsLong() >= RESERVED_BYTES;
    if (room && !now) {
      log.error(
          "The disk of {} is full but for {} bytes: no client's write is taken until there is room",
          config.dataDir(),
          RESERVED_BYTES);
    }
    room = now;
  }

  private void lookAtVotes(RaftServer.Division division) {
    long term = division.getInfo().getCurrentTerm();
    if (votes.near(term)) {
      opener.execute(() -> {
        try {
          votes.raise(term);
        } catch (IOException e) {
          log.warn("The ceiling of this node's votes cannot be raised: {}", e.toString());
        }
      });
    }
  }

  private boolean anotherHasRoom() {
    return config.initialCluster().values().stream()
        .filter(address -> !address.equals(config.raftAddress()))
        .map(address -> peers.who(address, ASK_LEADER))
        .anyMatch(
            answer -> answer.standing() == PeerAnswer.Standing.MEMBER && answer.problem() == null);
  }

  private long term() {
    return division().map(d -> d.getInfo().getCurrentTerm()).orElse(0L);
  }

  // --- told by the state machine ---

  @Override
  public void leaderChanged(RaftPeerId leader) {
    leadership.otherLeads(NodeIdentity.nodeId(leader.toString()), term());
  }

  @Override
  public void leaderReady() {
    leadership.ready(term());
    if (payload().state().clusterId().isEmpty()) {
      workers.execute(() -> server().ifPresent(current -> Founding.propose(current, config)));
    }
  }

  @Override
  public void notLeader() {
    leadership.lost(term());
  }

  @Override
  public void configurationChanged() {
    leaderSignal.signal();
  }

  @Override
  public void behindTheLog(String address, long first) {
    if (first > 0) {
      takeCopy(address);
    }
  }

  /** Takes the leader's copy, makes it the database, and opens everything again from it. */
  private void takeCopy(String address) {
    SqliteStateMachine current = machine;
    if (current == null || fault() != null || !room) {
      return;
    }
    installer.take(
        address,
        () -> checkHistory(address),
        copy -> {
          var _ =
              current
                  .supersede(copy.index(), replica -> installer.switchTo(copy, replica))
                  .handle((ahead, failure) -> {
                    switched(current, copy, ahead, failure);
                    return true;
                  });
        });
  }

  /** Over what the leader knows nothing of, nothing is installed: membership is to tell. */
  private void checkHistory(String leader) throws IOException {
    RaftServer.Division division = division().orElseThrow(LocalNode::opening);
    TermIndex applied = division.getStateMachine().getLastAppliedTermIndex();
    String self = server().orElseThrow(LocalNode::opening).self().getId().toString();
    if (applied != null
        && applied.getIndex() >= 0
        && peers.compare(leader, self, applied.getIndex(), ASK_LEADER).contradicts(applied)) {
      throw new IOException(
          "the leader at %s does not have log entry %d of term %d, which this node has applied"
              .formatted(leader, applied.getIndex(), applied.getTerm()));
    }
  }

  private void switched(
      SqliteStateMachine from,
      Installer.Fetched copy,
      @Nullable Boolean ahead,
      @Nullable Throwable failure) {
    if (failure != null) {
      installer.failed(failure);
      if (machine == from) {
        broken(new SqliteException("the leader's copy did not become the database", failure));
      }
    }
    if (failure != null || !Boolean.TRUE.equals(ahead)) {
      installer.end(copy);
      return;
    }
    try {
      opener.execute(() -> {
        if (machine == from) {
          closeServer();
          open();
        }
        installer.end(copy);
      });
    } catch (RejectedExecutionException e) {
      log.debug("Closed meanwhile: the next start goes on from the copy");
    }
  }

  @Override
  public void stuck(@Nullable String problem) {
    stuck = problem;
    if (problem != null && leads()) {
      handOver.start(server);
    }
  }

  @Override
  public void broken(SqliteException cause) {
    if (closed || !reopening.compareAndSet(false, true)) {
      return;
    }
    Duration pause = REOPEN_AFTER;
    boolean news = true;
    if (cause instanceof SqliteException.NodeFault fault && fault.corrupt()) {
      long applied = payload().state().appliedIndex();
      long committed = division().map(d -> d.getRaftLog().getLastCommittedIndex()).orElse(applied);
      corruption.met(applied, committed, String.valueOf(fault.getMessage()));
      pause = corruption.pause();
      news = corruption.isNews();
    }
    if (news) {
      log.error("This node opens its data again from its last record: {}", cause.getMessage());
    }
    var _ = opener.schedule(this::reopen, pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void unreadable(RuntimeException cause) {
    if (!closed && reopening.compareAndSet(false, true)) {
      opener.execute(() -> {
        fail(cause);
        reopening.set(false);
      });
    }
  }
}
