package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node for the rest of the module: puts its parts together, hands them what the state machine
 * tells, and answers from them what others ask. Any thread; what waits says so.
 */
final class LocalNode implements SqliteStateMachine.Listener, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LocalNode.class);

  private final NodeConfig config;
  private final SqliteStore store;
  private final KnownMembers known;
  private final Peers peers;
  private final ExecutorService workers;
  private final ScheduledExecutorService events;
  private final LeaderSignal leaderSignal = new LeaderSignal();
  private final LeaderEvents leadership;
  private final HandOver handOver;
  private final DiskRoom room;
  private final NodeFaults faults = new NodeFaults();
  private final OwnFolder folder;
  private final OpenGroup group;
  private final NodeLife life;
  private final OwnStanding standing;
  private final OwnStatus status;
  private final CopyTaking copies;
  private final LeaderWatch leaderWatch;
  private final Upkeep upkeep;
  private volatile boolean removed;
  private final Tally tally = new Tally();
  private final CopyPoints points = new CopyPoints(tally, System::nanoTime);

  /**
   * @param journal of row changes; null for none
   */
  LocalNode(
      NodeConfig config,
      SqliteStore store,
      Clock clock,
      Consumer<LeadershipChanged> publisher,
      @Nullable ChangeJournal journal) {
    this(
        config,
        store,
        clock,
        publisher,
        new NodeFolder(config, store.files())::usableBytes,
        journal);
  }

  /**
   * @param usableBytes room left for the data directory
   * @param journal of row changes; null for none
   */
  LocalNode(
      NodeConfig config,
      SqliteStore store,
      Clock clock,
      Consumer<LeadershipChanged> publisher,
      LongSupplier usableBytes,
      @Nullable ChangeJournal journal) {
    this.config = config;
    this.store = store;
    this.known = new KnownMembers(config, store.files());
    this.peers = new Peers(config.tls());
    this.workers =
        Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("raft-peer-" + config.id() + "-", 0).factory());
    this.events =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("raft-events-" + config.id()).daemon().factory());
    this.leadership =
        new LeaderEvents(
            config.id(),
            this::onEvents,
            event -> {
              tally.leader(event.leaderId());
              publisher.accept(event);
            },
            leaderSignal);
    this.handOver = new HandOver(workers);
    this.room = new DiskRoom(config.dataDir(), usableBytes);
    RaftFolder raftFolder = new RaftFolder(config.dataDir(), store.files(), known::alone);
    this.folder = new OwnFolder(config, store.files(), raftFolder, room, known);
    CatchUp catchUp = new CatchUp();
    LeaderContact contact = new LeaderContact(config.electionTimeout(), leaderSignal, catchUp);
    OtherNodes others = new OtherNodes(known, peers);
    Installer installer = new Installer(config.dataDir(), store.files(), peers, workers);
    this.group =
        new OpenGroup(
            config,
            store,
            clock,
            journal,
            raftFolder,
            workers,
            leadership,
            contact,
            tally,
            points,
            this);
    this.life = new NodeLife(config, store, folder, group, catchUp, faults, others, known, tally);
    this.standing = new OwnStanding(life, group, faults, folder);
    this.status =
        new OwnStatus(
            config, life, group, faults, installer, catchUp, contact, leadership, known.alone());
    this.copies = new CopyTaking(life, group, faults, room, peers, installer, tally);
    this.leaderWatch = new LeaderWatch(group, peers, workers, tally, config.electionTimeout());
    this.upkeep =
        new Upkeep(
            config,
            store,
            life,
            group,
            faults,
            room,
            contact,
            copies,
            handOver,
            others,
            leaderWatch,
            peers.leaderCalls());
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
  void start(PeerDispatch.Local served, Runnable housekeeping) {
    life.start(served);
    upkeep.start(events, housekeeping);
  }

  /** Waits until no other node waits for an answer; false when one does after the limit. */
  boolean awaitCallers(Duration limit) {
    return group.awaitCallers(limit);
  }

  /**
   * Stops for good; a last snapshot is taken where it can be. Waits. A second call does nothing.
   */
  @Override
  public void close() {
    if (life.closed()) {
      return;
    }
    try {
      life.close();
    } finally {
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

  LeaderWatch leaderWatch() {
    return leaderWatch;
  }

  ExecutorService workers() {
    return workers;
  }

  CopyPoints copyPoints() {
    return points;
  }

  LeaderSignal leaderSignal() {
    return leaderSignal;
  }

  Optional<RatisServer> server() {
    return group.server();
  }

  Optional<WriteBatcher> batcher() {
    return group.batcher();
  }

  Optional<SqliteStateMachine> machine() {
    return group.machine();
  }

  Optional<Replica> replica() {
    return group.replica();
  }

  Optional<RaftServer.Division> division() {
    return group.division();
  }

  StatePayload payload() {
    return group.payload();
  }

  /** Whether there is room for the log's own files beside what clients write. */
  boolean hasRoom() {
    return room.enough();
  }

  /** Whether this node is the ready leader. */
  boolean leads() {
    return leadership.leads();
  }

  /**
   * The group that this node leads.
   *
   * @throws NotLeaderException when it does not
   */
  RaftServer.Division leading() {
    if (!leads()) {
      throw new NotLeaderException("not leader");
    }
    return division().orElseThrow(LocalNode::opening);
  }

  /**
   * Ratis' server.
   *
   * @throws NotReadyException while it is not open
   */
  RatisServer openServer() {
    return server().orElseThrow(LocalNode::opening);
  }

  /** Whether this node has been elected, ready or not: it has every committed entry. */
  boolean elected() {
    return division().map(d -> d.getInfo().isLeader()).orElse(false);
  }

  /** Whether what this node leads is what it has applied: false for a leader not ready yet. */
  boolean settled() {
    return leads() || !elected();
  }

  static NotReadyException opening() {
    return new NotReadyException("store not open", Duration.ofSeconds(1));
  }

  /** Bytes taken of the leader's copy; 0 while none is being taken. */
  long installedBytes() {
    return status.installedBytes();
  }

  /** Bytes of the leader's copy; 0 while none is being taken. */
  long installBytes() {
    return status.installBytes();
  }

  NodeStatus status() {
    return status.status();
  }

  NodeStatus.Phase phase() {
    return status.phase();
  }

  /** What is wrong with this node itself; null for nothing. */
  @Nullable String fault() {
    return status.fault();
  }

  /** Says what forming waits for. */
  void report(@Nullable String reason) {
    status.report(reason);
  }

  /** Whether every other member has been asked since the start, and none stands against it. */
  boolean cleared() {
    return status.cleared();
  }

  void clear() {
    status.clear();
  }

  PeerAnswer.Standing standing() {
    return standing.standing();
  }

  /** Id of the group this node is in or holds data of; empty for none. */
  String groupId() {
    return standing.groupId();
  }

  /** Whether there is client data here, applied or only in the log, or may be. */
  boolean holdsData() {
    return standing.holdsData();
  }

  /** Gives up the place in the group, not the data: both are members' history. Waits. */
  void enterAgain() {
    life.enterAgain();
  }

  /** Gives up what this node has, which must be no data, and opens as a fresh one; waits. */
  void startAnew() {
    life.startAnew();
  }

  /** What {@code raft/peers.json} says, while that is not carried out. */
  Optional<GroupMembership.Listed> listed() {
    return folder.listed();
  }

  /** What this node has for that; null when there is nothing to carry out. */
  PeerAnswer.@Nullable Offer offer() {
    return folder.offer();
  }

  /** Goes on alone, for the nodes of that list; waits. */
  void goOnForListed() {
    life.goOnForListed();
  }

  /** The other members. */
  KnownMembers known() {
    return known;
  }

  /** Whether this node has been removed from its cluster since its start. */
  boolean removed() {
    return removed;
  }

  /** Leaves the group that has removed this node; waits. */
  void leave() {
    if (!removed && !life.closed()) {
      removed = true;
      log.warn("This node has been removed from its cluster: it keeps its data, and serves nobody");
      life.enterAgain();
    }
  }

  /** Has another node lead, or this one again in a new term; returns at once. */
  void giveUpLeadership() {
    handOver.start(server().orElse(null));
  }

  /** Out of service until an operator has decided. */
  void standAside(String reason) {
    life.standAside(reason);
  }

  /** Brings the main file up to what has been applied; waits. */
  void snapshot(Duration timeout) throws IOException {
    openServer().snapshot(timeout);
  }

  /** What this node has done since its start. */
  Tally tally() {
    return tally;
  }

  // --- told by the state machine ---

  /** Ratis' current term; 0 before the group is open. */
  long term() {
    return division().map(d -> d.getInfo().getCurrentTerm()).orElse(0L);
  }

  @Override
  public void leaderChanged(RaftPeerId leader) {
    peers.leaderCalls().changed();
    leadership.otherLeads(NodeIdentity.nodeId(leader.toString()), term());
  }

  @Override
  public void leaderReady() {
    leadership.ready(term());
    proposeFounding();
  }

  @Override
  public void opened() {
    if (leads()) {
      proposeFounding();
    }
  }

  private void proposeFounding() {
    if (payload().state().clusterId().isEmpty()) {
      workers.execute(
          () -> server().ifPresent(current -> Founding.propose(current, config, known.founders())));
    }
  }

  @Override
  public void notLeader() {
    leadership.lost(term());
  }

  @Override
  public void snapshotTaken() {
    tally.count(Tally.Event.SNAPSHOT);
  }

  @Override
  public void configurationChanged() {
    leaderSignal.signal();
    try {
      workers.execute(this::rememberMembers);
    } catch (RejectedExecutionException e) {
      log.debug("A change of members after the end is dropped", e);
    }
  }

  /** Before it is formed, what it was founded with counts. */
  private void rememberMembers() {
    NodeStatus now = status();
    if (now.formed() && standing() == PeerAnswer.Standing.MEMBER) {
      known.remember(
          now.members().stream()
              .collect(
                  Collectors.toMap(
                      NodeStatus.Member::id, NodeStatus.Member::raftAddress, (one, _) -> one)));
    }
  }

  @Override
  public void behindTheLog(String address, long first) {
    if (first > 0) {
      copies.take(address);
    }
  }

  @Override
  public void stuck(@Nullable String problem) {
    faults.stuck(problem);
    machine().ifPresent(applying -> applying.stuck(problem != null));
    if (problem != null && leads()) {
      handOver.start(server().orElse(null));
    }
  }

  @Override
  public void broken(SqliteException cause) {
    life.broken(cause);
  }

  @Override
  public void unreadable(RuntimeException cause) {
    life.unreadable(cause);
  }
}
