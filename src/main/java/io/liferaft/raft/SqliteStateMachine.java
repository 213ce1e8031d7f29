package io.liferaft.raft;

import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;

/**
 * Ratis' callbacks, handed on: committed entries to the {@link Applier}, events to the {@link
 * Listener}. Never waits on a Ratis thread but for the bounded queue and for a checkpoint. The
 * snapshot that Ratis knows is the store's record; its file is the main database file.
 */
final class SqliteStateMachine extends BaseStateMachine {

  /** Told of events, in order of the log where they have a place in it; must not wait. */
  interface Listener extends Applier.Faults {
    void leaderChanged(RaftPeerId leader);

    /** On the apply thread, after every entry of earlier terms; also while the group is opening. */
    void leaderReady();

    /** Writes are taken from now on, if this node leads. */
    void opened();

    void notLeader();

    void configurationChanged();

    /** The main file is up to what has been applied. */
    void snapshotTaken();

    /**
     * The leader's log no longer reaches back to where this node's ends. Told again and again until
     * it does.
     *
     * @param address the leader's
     * @param first the leader's first log entry
     */
    void behindTheLog(String address, long first);

    /** An entry or record that this program cannot read: nothing after it can be applied. */
    void unreadable(RuntimeException cause);
  }

  /** Opens the node's database; a failure stops the group from starting. */
  interface Opener {
    Replica open() throws IOException;
  }

  private final Opener opener;
  private final String nodeId;
  private final Submissions submissions;
  private final Listener listener;
  private final Runnable committed;
  private volatile @Nullable Replica replica;
  private volatile @Nullable Applier applier;
  private volatile @Nullable Superseded superseded;
  private volatile boolean elected;

  /**
   * @param committed run after each entry that this node applies as the leader; must not wait
   */
  SqliteStateMachine(
      Opener opener,
      String nodeId,
      Submissions submissions,
      Listener listener,
      Runnable committed) {
    this.opener = opener;
    this.nodeId = nodeId;
    this.submissions = submissions;
    this.listener = listener;
    this.committed = committed;
  }

  /** Null before the group has started. */
  @Nullable Replica replica() {
    return replica;
  }

  /**
   * The apply thread.
   *
   * @throws IllegalStateException before the group has started
   */
  Applier applier() {
    Applier current = applier;
    if (current == null) {
      throw new IllegalStateException("the group has not started");
    }
    return current;
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId groupId, RaftStorage storage)
      throws IOException {
    super.initialize(server, groupId, storage);
    getLifeCycle().transition(LifeCycle.State.STARTING);
    Replica opened = opener.open();
    replica = opened;
    opened.dropSupersededLog(storage.getStorageDir().getCurrentDir().toPath());
    if (opened.recordIndex() >= 0) {
      setLastAppliedTermIndex(TermIndex.valueOf(opened.recordTerm(), opened.recordIndex()));
    }
    Applier thread = new Applier(opened, nodeId, listener);
    applier = thread;
    thread.start();
    getLifeCycle().transition(LifeCycle.State.RUNNING);
  }

  @Override
  public TransactionContext startTransaction(RaftClientRequest request) {
    TransactionContext transaction =
        TransactionContext.newBuilder()
            .setStateMachine(this)
            .setClientRequest(request)
            .setStateMachineContext(request.getMessage())
            .build();
    if (request.getMessage() instanceof Submission submission) {
      submission.started(transaction);
    } else {
      transaction.setException(
          new IOException("writes come through this program's own calls only"));
    }
    return transaction;
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    LogEntryProto entry = transaction.getLogEntry();
    ByteString data = entry.getStateMachineLogEntry().getLogData();
    // On the node that submitted it the command is still there, decoded, and somebody waits.
    Submission own =
        transaction.getStateMachineContext() instanceof Submission submitted
            ? submitted
            : submissions.of(entry.getStateMachineLogEntry());
    LogCommand command;
    try {
      command = own == null ? LogCommandCodec.decode(new WireReader(data)) : own.command();
    } catch (RuntimeException e) {
      listener.unreadable(e);
      throw e;
    }
    Replica.Entry task = new Replica.Entry(entry.getTerm(), entry.getIndex(), command, own != null);
    return applier()
        .add(task, data.size())
        .whenComplete((message, failure) -> {
          if (failure == null) {
            advance(task.term(), task.index());
            if (own != null && message instanceof Applied.Reply(var applied, var index)) {
              own.applied(applied, index);
            }
          }
        });
  }

  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    applier().skip(term, index);
    CompletableFuture<?> _ =
        applier()
            .call(() -> {
              advance(term, index);
              return null;
            });
  }

  /** On the apply thread, in order of the log. */
  private void advance(long term, long index) {
    updateLastAppliedTermIndex(term, index);
    submissions.applied(term);
    if (elected) {
      committed.run();
    }
  }

  /** A barrier: completes when everything committed before has been applied here. */
  @Override
  public CompletableFuture<Message> query(Message request) {
    return applier().drain().thenApply(_ -> Message.EMPTY);
  }

  /** No index, so that Ratis does not cut its log up to it: {@link Upkeep} does. */
  @Override
  public long takeSnapshot() throws IOException {
    try {
      long _ = applier().checkpoint().join();
      listener.snapshotTaken();
      return RaftLog.INVALID_LOG_INDEX;
    } catch (CompletionException e) {
      throw new IOException("no checkpoint: " + e.getCause(), e.getCause());
    }
  }

  /**
   * Makes another node's copy the database when it is ahead of it. The group must be closed then
   * and opened again: what Ratis is told until that is as if nothing had happened, and entries that
   * come meanwhile are in the copy already.
   *
   * @param put makes it the database; on the apply thread
   * @return false when it is not ahead; fails as {@code put} did
   */
  CompletableFuture<Boolean> supersede(long copyIndex, Put put) {
    return applier()
        .call(() -> {
          Replica current = Objects.requireNonNull(replica);
          if (current.payload().state().appliedIndex() >= copyIndex) {
            return false;
          }
          superseded = new Superseded(getLatestSnapshot());
          put.as(current);
          return true;
        });
  }

  /** See {@link #supersede}. */
  interface Put {
    void as(Replica replica) throws IOException;
  }

  private record Superseded(@Nullable SnapshotInfo snapshot) {}

  /** Whether nothing can be applied for now: nobody is to wait for what the next leader does. */
  void stuck(boolean now) {
    submissions.stuck(now);
  }

  @Override
  public void close() throws IOException {
    getLifeCycle().checkStateAndClose(this::closeReplica);
  }

  private void closeReplica() throws IOException {
    Applier thread = applier;
    if (thread != null) {
      thread.close();
    }
    Replica opened = replica;
    if (opened != null) {
      opened.close();
    }
  }

  /** To be called before the server is closed, which waits for what is being applied. */
  void closeSoon() {
    Applier thread = applier;
    if (thread != null) {
      thread.giveUpOnFaults();
    }
  }

  @Override
  public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto entry) {
    listener.broken(new SqliteException("the Raft log cannot be written: " + cause, cause));
  }

  @Override
  public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
    elected = member.getPeerId().equals(leader);
    listener.leaderChanged(leader);
  }

  @Override
  public void notifyLeaderReady() {
    CompletableFuture<?> _ =
        applier()
            .call(() -> {
              listener.leaderReady();
              return null;
            });
  }

  @Override
  public void notifyNotLeader(Collection<TransactionContext> pending) {
    elected = false;
    listener.notLeader();
  }

  @Override
  public void notifyConfigurationChanged(
      long term, long index, RaftConfigurationProto configuration) {
    listener.configurationChanged();
  }

  /**
   * The answer is always that nothing is installed yet. A copy that Ratis waits for makes it refuse
   * appends with the end of its own log, on which a leader that has the entries up to there asks no
   * more, and nothing ends the wait; one that it takes over leaves a log behind that does not go on
   * from there. Liferaft installs by itself instead, and opens the group again.
   */
  @Override
  @SuppressWarnings("NullAway") // null is Ratis' way to say that there is no snapshot
  public CompletableFuture<TermIndex> notifyInstallSnapshotFromLeader(
      RoleInfoProto role, TermIndex first) {
    listener.behindTheLog(
        role.getFollowerInfo().getLeaderInfo().getId().getAddress(), first.getIndex());
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    Superseded then = superseded;
    if (then != null) {
      return then.snapshot();
    }
    Replica current = replica;
    return current == null || current.recordIndex() < 0
        ? null
        : new RecordSnapshot(TermIndex.valueOf(current.recordTerm(), current.recordIndex()));
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return new StateMachineStorage() {
      @Override
      public void init(RaftStorage storage) {}

      @Override
      public @Nullable SnapshotInfo getLatestSnapshot() {
        return SqliteStateMachine.this.getLatestSnapshot();
      }

      @Override
      public void format() {}

      @Override
      public void cleanupOldSnapshots(SnapshotRetentionPolicy policy) {}
    };
  }

  private record RecordSnapshot(TermIndex termIndex) implements SnapshotInfo {
    @Override
    public TermIndex getTermIndex() {
      return termIndex;
    }

    @Override
    public long getTerm() {
      return termIndex.getTerm();
    }

    @Override
    public long getIndex() {
      return termIndex.getIndex();
    }

    @Override
    public List<FileInfo> getFiles() {
      return List.of();
    }
  }
}
