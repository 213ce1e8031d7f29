package io.liferaft.raft;

import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ratis' server, the state machine of its group and the batcher of its writes, while they are open.
 * Opened and closed on the opening thread only; what is open may be asked from any.
 */
final class OpenGroup {

  private static final Logger log = LoggerFactory.getLogger(OpenGroup.class);

  private final NodeConfig config;
  private final SqliteStore store;
  private final Clock clock;
  private final @Nullable ChangeJournal journal;
  private final RaftFolder raftFolder;
  private final Executor workers;
  private final LeaderEvents leadership;
  private final LeaderContact contact;
  private final Tally tally;
  private final CopyPoints points;
  private final ServedCalls calls = new ServedCalls();
  private final SqliteStateMachine.Listener listener;
  private volatile @Nullable RatisServer server;
  private volatile @Nullable SqliteStateMachine machine;
  private volatile @Nullable WriteBatcher batcher;
  private @Nullable CommitMarks marks;

  /**
   * @param journal of row changes; null for none
   * @param workers for other nodes' calls
   */
  OpenGroup(
      NodeConfig config,
      SqliteStore store,
      Clock clock,
      @Nullable ChangeJournal journal,
      RaftFolder raftFolder,
      Executor workers,
      LeaderEvents leadership,
      LeaderContact contact,
      Tally tally,
      CopyPoints points,
      SqliteStateMachine.Listener listener) {
    this.config = config;
    this.store = store;
    this.clock = clock;
    this.journal = journal;
    this.raftFolder = raftFolder;
    this.workers = workers;
    this.leadership = leadership;
    this.contact = contact;
    this.tally = tally;
    this.points = points;
    this.listener = listener;
  }

  /** See {@link ServedCalls#awaitNone}. */
  boolean awaitCallers(Duration limit) {
    return calls.awaitNone(limit);
  }

  /**
   * Opens the server and the group on disk, if any. Waits.
   *
   * @throws IllegalStateException when a file of the log is damaged, naming it
   */
  void open(NodeIdentity own, PeerDispatch.Local served) throws IOException {
    leadership.started();
    Submissions submissions = new Submissions();
    CommitMarks telling =
        new CommitMarks(config.id(), () -> server().map(RatisServer::markCommit).orElse(true));
    RatisServer starting =
        new RatisServer(
            config,
            own,
            submissions,
            _ -> {
              SqliteStateMachine created =
                  new SqliteStateMachine(
                      this::openReplica, config.id(), submissions, listener, telling::applied);
              machine = created;
              return created;
            },
            PeerRpc.service(PeerDispatch.handler(served), workers, calls));
    try {
      starting.start(GroupLog.alone(config.dataDir(), own.peerId()));
    } catch (IOException | RuntimeException e) {
      telling.close();
      closeQuietly(starting);
      closeMachine();
      IllegalStateException damage = raftFolder.damaging(e).orElse(null);
      if (damage != null) {
        throw damage;
      }
      throw e;
    }
    WriteBatcher writes =
        new WriteBatcher(
            config.id(), clock, starting::submit, contact::silent, () -> window(starting));
    writes.start();
    batcher = writes;
    marks = telling;
    contact.begin();
    server = starting;
    listener.opened();
  }

  private static int window(RatisServer server) {
    int voters =
        server.division().map(open -> open.getRaftConf().getCurrentPeers().size()).orElse(1);
    return voters > 1 ? WriteBatcher.WITH_OTHERS : WriteBatcher.ALONE;
  }

  private Replica openReplica() throws IOException {
    Replica replica = Replica.open(store, config.dataDir(), journal, points);
    try {
      raftFolder.checkLogFollows(replica.recordIndex());
      tally.opened(replica.recordIndex() >= 0);
      return replica;
    } catch (IOException | RuntimeException e) {
      replica.close();
      throw e;
    }
  }

  /** Closes what is open, if anything. Waits for what is being applied. */
  void close() {
    leadership.stopped();
    WriteBatcher writes = batcher;
    batcher = null;
    if (writes != null) {
      writes.close();
    }
    if (marks != null) {
      marks.close();
      marks = null;
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

  Optional<RatisServer> server() {
    return Optional.ofNullable(server);
  }

  Optional<WriteBatcher> batcher() {
    return Optional.ofNullable(batcher);
  }

  Optional<SqliteStateMachine> machine() {
    return Optional.ofNullable(machine);
  }

  /** Whether this is still what is open. */
  boolean has(SqliteStateMachine opened) {
    return machine == opened;
  }

  Optional<Replica> replica() {
    return machine().map(SqliteStateMachine::replica);
  }

  Optional<RaftServer.Division> division() {
    return server().flatMap(RatisServer::division);
  }

  StatePayload payload() {
    return replica().map(Replica::payload).orElse(Replica.FRESH);
  }

  /** Index of the last entry applied. */
  long appliedIndex() {
    return payload().state().appliedIndex();
  }

  /** The entry that the main database file stands at; -1 for none. */
  long recordIndex() {
    return replica().map(Replica::recordIndex).orElse(-1L);
  }

  /** Id of the group, also while it starts; empty for none. */
  Optional<String> id() {
    return server().flatMap(RatisServer::groupId).map(group -> group.getUuid().toString());
  }

  /** Whether this node is in the group by the group's own configuration. */
  boolean configured(RaftServer.Division division) {
    RatisServer current = server;
    if (current == null) {
      return false;
    }
    RaftConfiguration conf = division.getRaftConf();
    RaftPeerId self = current.self().getId();
    // A non-voter that only asks for admission stands in a list of its own making.
    return conf.getPeer(self, RaftPeerRole.FOLLOWER) != null
        || (conf.getPeer(self, RaftPeerRole.LISTENER) != null && conf.getLogEntryIndex() >= 0);
  }

  /**
   * The leader that this node knows. A non-voter never stands for election, and Ratis lets it keep
   * a leader that is gone: after twice the longest election time-out it knows none.
   */
  @Nullable RaftPeerId leader(RaftServer.Division division) {
    DivisionInfo info = division.getInfo();
    RaftPeerId leader = info.getLeaderId();
    if (leader == null || info.getCurrentRole() != RaftPeerRole.LISTENER) {
      return leader;
    }
    long silent =
        info.getRoleInfoProto().getFollowerInfo().getLeaderInfo().getLastRpcElapsedTimeMs();
    return silent > 4 * config.electionTimeout().toMillis() ? null : leader;
  }
}
