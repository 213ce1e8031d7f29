package io.liferaft.raft;

import io.liferaft.raft.LogCommand.LoadKind;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.EntryOutcome;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/** {@link RaftNode} on Apache Ratis: routes each request to the leader, here or elsewhere. */
final class RatisNode implements RaftNode, SmartLifecycle {

  /** Larger statement lists travel as a load: an entry has to fit the appender's buffer. */
  private static final int MAX_ENTRY_BYTES = 2 * 1024 * 1024;

  /** SQLite steps that count for a millisecond of a statement's time limit. */
  private static final long STEPS_PER_MILLI = 20_000;

  /** Limit of a statement that brings none: a minute. */
  private static final Duration STATEMENT_TIMEOUT = Duration.ofMinutes(1);

  private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(30);

  private final LocalNode node;
  private final SqliteStore store;
  private final Clock clock;
  private final Members members;
  private final LeaderCopies copies;
  private volatile boolean running;

  RatisNode(LocalNode node, SqliteStore store, Clock clock) {
    this.node = node;
    this.store = store;
    this.clock = clock;
    this.copies = new LeaderCopies(store);
    this.members = new Members(node);
  }

  Members members() {
    return members;
  }

  @Override
  public void start() {
    running = true;
    node.start(new Served());
  }

  @Override
  public void stop() {
    running = false;
    copies.closeAll();
    node.close();
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** Stops after web server, backup and restore. */
  @Override
  public int getPhase() {
    return 0;
  }

  @Override
  public NodeStatus status() {
    return node.status();
  }

  @Override
  public ReplicatedState state() {
    return node.payload().state();
  }

  // --- writes ---

  @Override
  public SqlReply execute(SqlRequest request) {
    gate();
    byte[] body = LogCommandCodec.body(request.form(), request.transaction(), request.statements());
    LogCommand.Execute command =
        new LogCommand.Execute(
            request.statements(),
            request.form(),
            request.transaction(),
            0,
            0,
            steps(request.statementTimeout()));
    if (body.length > MAX_ENTRY_BYTES) {
      return executeLarge(command);
    }
    return onLeader(
        request.timeout(),
        left -> reply(appendSqlHere(command, body, left), node.config().httpAddress()),
        (leader, left) ->
            reply(
                node.peers().append(leader.raftAddress(), LogCommandCodec.encode(command), left),
                leader.raftAddress()));
  }

  private SqlReply executeLarge(LogCommand.Execute command) {
    Path staged = null;
    try {
      staged = Files.createTempFile(temporaryFolder(), "execute-", ".bin");
      try (OutputStream out = Files.newOutputStream(staged)) {
        WireWriter writer = new WireWriter(out);
        Staging.writeExecute(writer, command.form(), command.transaction(), command.statements());
        writer.flush();
      }
      return loadSql(LoadKind.EXECUTE, staged, command.stepBudget());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write a temporary file", e);
    } finally {
      delete(staged);
    }
  }

  private static long steps(@Nullable Duration limit) {
    Duration time = limit == null ? STATEMENT_TIMEOUT : limit;
    return Math.max(1, time.toMillis()) * STEPS_PER_MILLI;
  }

  private static SqlReply reply(Peers.Appended appended, String servedBy) {
    return switch (appended.applied()) {
      case Applied.Sql(EntryOutcome outcome) ->
          new SqlReply(outcome.results(), outcome.error(), appended.index(), servedBy);
      case Applied.Refused(var message) ->
          throw new NotReadyException(message, Duration.ofSeconds(1));
      case Applied.Done _, Applied.SqlBatch _ ->
          throw new IllegalStateException("not an answer to SQL: " + appended);
    };
  }

  // --- reads ---

  @Override
  public SqlReply request(SqlRequest request) {
    gate();
    boolean reads =
        request.level() != ReadLevel.STRONG
            && request.statements().stream().allMatch(store::readOnly);
    if (!reads) {
      return execute(request);
    }
    // rqlite does not resolve auto here: it reads on whatever node.
    return query(request.level() == ReadLevel.AUTO ? withLevel(request, ReadLevel.NONE) : request);
  }

  private static SqlRequest withLevel(SqlRequest request, ReadLevel level) {
    return new SqlRequest(
        request.statements(),
        request.form(),
        request.transaction(),
        level,
        request.freshness(),
        request.freshnessStrict(),
        request.timeout(),
        request.linearizableTimeout(),
        request.statementTimeout());
  }

  @Override
  public SqlReply query(SqlRequest request) {
    gate();
    if (request.level() == ReadLevel.AUTO) {
      boolean nonVoter = node.status().role() == NodeStatus.Role.LISTENER;
      return query(withLevel(request, nonVoter ? ReadLevel.NONE : ReadLevel.WEAK));
    }
    if (request.level() == ReadLevel.NONE) {
      if (stale(request)) {
        return new SqlReply(List.of(), "stale read", -1, node.config().httpAddress());
      }
      return read(request, -1);
    }
    return onLeader(
        request.timeout(),
        left -> queryLeading(request, left),
        (leader, left) -> node.peers().query(leader.raftAddress(), request, left));
  }

  private SqlReply queryLeading(SqlRequest request, Duration left) {
    long index = -1;
    switch (request.level()) {
      case STRONG -> {
        // An entry without statements orders the read in the log; only this node then reads.
        byte[] body = LogCommandCodec.body(SqlForm.EXECUTE, false, List.of());
        LogCommand.Execute mark =
            new LogCommand.Execute(List.of(), SqlForm.EXECUTE, false, 0, 0, 1);
        index = appendSqlHere(mark, body, left).index();
      }
      case LINEARIZABLE -> {
        Duration limit =
            request.linearizableTimeout().compareTo(left) < 0
                ? request.linearizableTimeout()
                : left;
        barrier(limit);
      }
      case WEAK, NONE, AUTO -> {
        if (!node.leads()) {
          throw new NotLeaderException("not leader");
        }
      }
    }
    return read(request, index);
  }

  private void barrier(Duration limit) {
    RatisServer server = node.server().orElseThrow(LocalNode::opening);
    try {
      Void _ = server.readBarrier().get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new NotLeaderException("leadership was not confirmed within " + limit);
    } catch (ExecutionException e) {
      throw runtime(e.getCause());
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private SqlReply read(SqlRequest request, long index) {
    Duration limit =
        request.statementTimeout() == null ? STATEMENT_TIMEOUT : request.statementTimeout();
    List<SqlResult> results = store.query(request.statements(), request.transaction(), limit);
    return new SqlReply(results, null, index, node.config().httpAddress());
  }

  private boolean stale(SqlRequest request) {
    Duration freshness = request.freshness();
    if (freshness == null || !freshness.isPositive() || node.leads()) {
      return false;
    }
    return node.division()
        .map(division -> {
          var role = division.getInfo().getRoleInfoProto();
          if (!role.hasFollowerInfo()) {
            return true;
          }
          long silent = role.getFollowerInfo().getLeaderInfo().getLastRpcElapsedTimeMs();
          boolean behind =
              request.freshnessStrict()
                  && state().appliedIndex() < division.getRaftLog().getLastCommittedIndex();
          return behind || silent > freshness.toMillis();
        })
        .orElse(true);
  }

  @Override
  public SqlResult localQuery(String sql) {
    return store.query(List.of(SqlStatement.of(sql)), false, Duration.ofSeconds(2)).getFirst();
  }

  // --- copies and loads ---

  @Override
  public ClusterCopy copy(boolean anyNode, Duration timeout) {
    gate();
    if (anyNode) {
      return copyHere(timeout);
    }
    return onLeader(
        timeout,
        this::copyHere,
        (leader, left) -> {
          Peers.CopyTicket ticket = node.peers().openCopy(leader.raftAddress(), left);
          StatePayload payload = StatePayload.decode(ticket.record());
          DatabaseCopy file = new RemoteCopy(node.peers(), leader.raftAddress(), ticket);
          return new ClusterCopy(file, payload.state(), payload.term());
        });
  }

  private ClusterCopy copyHere(Duration timeout) {
    checkpoint(timeout);
    DatabaseCopy copy = store.copy();
    StatePayload payload = StatePayload.decode(copy.payload());
    return new ClusterCopy(copy, payload.state(), payload.term());
  }

  /** Waits until the record holds every change applied before the call. */
  private void checkpoint(Duration timeout) {
    long wanted = state().changeIndex();
    long deadline = System.nanoTime() + timeout.toNanos();
    try {
      while (true) {
        node.snapshot(timeout);
        boolean there =
            node.machine()
                .map(SqliteStateMachine::replica)
                .map(replica -> replica.recordIndex() >= Math.max(wanted, 0))
                .orElse(false);
        if (there) {
          return;
        }
        if (System.nanoTime() > deadline) {
          throw new NotReadyException(
              "other copies of the database are being read; try again later",
              Duration.ofSeconds(5));
        }
        node.leaderSignal().await();
      }
    } catch (IOException e) {
      throw new NotReadyException("no checkpoint now: " + e.getMessage(), Duration.ofSeconds(1));
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  @Override
  public long loadDatabase(Path file, Duration timeout) {
    gate();
    return send(LoadKind.DATABASE, -1, file, 0, null, null, _ -> {}).index();
  }

  @Override
  public SqlReply loadText(Path file, Duration timeout) {
    gate();
    return loadSql(LoadKind.TEXT, file, steps(null));
  }

  private SqlReply loadSql(LoadKind kind, Path file, long stepBudget) {
    String servedBy = node.leads() ? node.config().httpAddress() : leaderAddress(COMMAND_TIMEOUT);
    return reply(send(kind, -1, file, stepBudget, null, null, _ -> {}), servedBy);
  }

  private String leaderAddress(Duration timeout) {
    return onLeader(timeout, _ -> node.config().httpAddress(), (leader, _) -> leader.raftAddress());
  }

  private Peers.Appended send(
      LoadKind kind,
      long attempt,
      Path file,
      long stepBudget,
      @Nullable String clusterId,
      @Nullable BackupRecord backup,
      LongConsumer progress) {
    return new LoadSender(this::appendAnywhere)
        .send(kind, attempt, file, stepBudget, clusterId, backup, progress);
  }

  /** In order of the calls: here at once, through another node one after the other. */
  private CompletableFuture<Peers.Appended> appendAnywhere(LogCommand command) {
    if (node.leads()) {
      return submitHere(command);
    }
    try {
      return CompletableFuture.completedFuture(
          onLeader(
              COMMAND_TIMEOUT,
              left -> appendHere(command, left),
              (leader, left) ->
                  node.peers()
                      .append(leader.raftAddress(), LogCommandCodec.encode(command), left)));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  // --- on the leader ---

  private Peers.Appended appendHere(LogCommand command, Duration timeout) {
    if (command instanceof LogCommand.Execute execute) {
      return appendSqlHere(
          execute,
          LogCommandCodec.body(execute.form(), execute.transaction(), execute.statements()),
          timeout);
    }
    return await(submitHere(command), timeout);
  }

  private Peers.Appended appendSqlHere(LogCommand.Execute command, byte[] body, Duration timeout) {
    if (!node.leads()) {
      throw new NotLeaderException("not leader");
    }
    WriteBatcher batcher = node.batcher().orElseThrow(LocalNode::opening);
    return await(batcher.add(command, body), timeout);
  }

  private CompletableFuture<Peers.Appended> submitHere(LogCommand command) {
    if (!node.leads()) {
      return CompletableFuture.failedFuture(new NotLeaderException("not leader"));
    }
    LogCommand stamped =
        command instanceof LogCommand.LoadCommit commit
            ? new LogCommand.LoadCommit(
                commit.loadId(),
                commit.chain(),
                clock.millis(),
                ThreadLocalRandom.current().nextLong(),
                commit.stepBudget(),
                commit.clusterId(),
                commit.backup())
            : command;
    return node.server()
        .orElseThrow(LocalNode::opening)
        .submit(stamped, LogCommandCodec.encode(stamped));
  }

  private static Peers.Appended await(CompletableFuture<Peers.Appended> future, Duration timeout) {
    try {
      return future.get(Math.max(1, timeout.toMillis()), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new CommitUnknownException(
          "the write was not committed within %s: it may still be applied".formatted(timeout), e);
    } catch (ExecutionException e) {
      throw runtime(e.getCause());
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  @Override
  public boolean confirmLeadership() {
    if (!node.leads()) {
      return false;
    }
    try {
      barrier(Duration.ofSeconds(10));
      return node.leads();
    } catch (NotLeaderException | NotReadyException e) {
      return false;
    }
  }

  @Override
  public boolean databaseEmpty() {
    return state().changeIndex() <= 0 && store.isEmpty();
  }

  @Override
  public void recordBackup(BackupRecord backup) {
    command(new LogCommand.BackupRecorded(backup));
  }

  @Override
  public long beginRestore(String source) {
    return command(new LogCommand.RestoreBegun(source)).index();
  }

  @Override
  public void loadRestored(
      long attempt,
      Path file,
      @Nullable String clusterId,
      @Nullable BackupRecord backup,
      LongConsumer loadedBytes) {
    Peers.Appended appended =
        send(LoadKind.DATABASE, attempt, file, 0, clusterId, backup, loadedBytes);
    refuse(appended);
  }

  @Override
  public void endRestore(RestoreRecord.Outcome outcome) {
    Peers.Appended _ = command(new LogCommand.RestoreEnded(outcome, clock.millis()));
  }

  private Peers.Appended command(LogCommand command) {
    return refuse(await(submitHere(command), COMMAND_TIMEOUT));
  }

  private static Peers.Appended refuse(Peers.Appended appended) {
    if (appended.applied() instanceof Applied.Refused(var message)) {
      throw new RequestRefusedException(message);
    }
    return appended;
  }

  // --- routing ---

  private interface Here<T> {
    T run(Duration left);
  }

  private interface There<T> {
    T run(NodeStatus.Member leader, Duration left);
  }

  /**
   * Runs something on the leader, here or there, and again while it is certain that nothing was
   * done, until the time is over. Without a leader it waits for a few elections at the most.
   */
  private <T> T onLeader(Duration timeout, Here<T> here, There<T> there) {
    long now = System.nanoTime();
    long deadline = now + Math.max(timeout.toNanos(), 1);
    long patience =
        now + Math.min(timeout.toNanos(), node.config().electionTimeout().toNanos() * 4);
    NotLeaderException last = new NotLeaderException("leader not found");
    try {
      do {
        Duration left = Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime()));
        try {
          if (node.leads()) {
            return here.run(left);
          }
          NodeStatus.Member leader = node.status().leader();
          if (leader != null && !leader.id().equals(node.config().id())) {
            return there.run(leader, left);
          }
        } catch (NotLeaderException e) {
          last = e;
        }
        node.leaderSignal().await();
      } while (System.nanoTime() < patience);
    } catch (InterruptedException e) {
      throw interrupted();
    }
    throw last;
  }

  /** Refuses client requests on a node that is not ready for them. */
  private void gate() {
    NodeStatus.Phase phase = node.status().phase();
    switch (phase) {
      case OPENING, FAILED, CLOSED -> throw LocalNode.opening();
      case FORMING, INSTALLING ->
          throw new NotReadyException("store not ready", Duration.ofSeconds(1));
      case RUNNING -> {
        if (!(state().restore() instanceof RestoreRecord.Ended)) {
          throw new NotReadyException("store not ready", Duration.ofSeconds(2));
        }
      }
    }
  }

  @Override
  public List<NodeProbe> nodes(boolean nonVoters, Duration timeout) {
    return members.probeAll(nonVoters, timeout);
  }

  @Override
  public NodeProbe probe(String raftAddress, Duration timeout) {
    return members.probe(raftAddress, timeout);
  }

  @Override
  public void transferLeadership(@Nullable String id, Duration timeout) {
    Boolean _ =
        onLeader(
            timeout,
            left -> {
              members.transferHere(id, left);
              return true;
            },
            (leader, left) -> {
              node.peers().transfer(leader.raftAddress(), id, left);
              return true;
            });
  }

  private Path temporaryFolder() throws IOException {
    return Files.createDirectories(node.config().dataDir().resolve("tmp"));
  }

  private static void delete(@Nullable Path file) {
    if (file != null) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot delete a temporary file", e);
      }
    }
  }

  private static RuntimeException runtime(@Nullable Throwable cause) {
    return cause instanceof RuntimeException runtime
        ? runtime
        : new IllegalStateException("unexpected failure", cause);
  }

  private static NotReadyException interrupted() {
    Thread.currentThread().interrupt();
    return new NotReadyException("interrupted: this node is stopping", Duration.ofSeconds(1));
  }

  /** What other nodes ask of this one. */
  private final class Served implements Peers.Local {

    @Override
    public PeerAnswer answer() {
      return members.self();
    }

    @Override
    public Peers.Appended append(LogCommand command, Duration timeout) {
      return appendHere(command, timeout);
    }

    @Override
    public SqlReply queryHere(SqlRequest request) {
      gate();
      if (!node.leads()) {
        throw new NotLeaderException("not leader");
      }
      return queryLeading(request, request.timeout());
    }

    @Override
    public Peers.CopyTicket openCopy(Duration timeout) {
      copies.sweep();
      if (!node.leads()) {
        throw new NotLeaderException("not leader");
      }
      checkpoint(timeout);
      SqliteStateMachine machine = node.machine().orElseThrow(LocalNode::opening);
      Replica replica = Optional.ofNullable(machine.replica()).orElseThrow(LocalNode::opening);
      try {
        return copies.open(replica::stagingPath);
      } catch (IOException e) {
        throw new UncheckedIOException("the copy cannot be opened", e);
      }
    }

    @Override
    public byte[] readCopy(long ticket, boolean load, long offset, int length) {
      return copies.read(ticket, load, offset, length);
    }

    @Override
    public void closeCopy(long ticket) {
      copies.close(ticket);
    }

    @Override
    public void transferHere(@Nullable String id, Duration timeout) {
      members.transferHere(id, timeout);
    }

    @Override
    public String prepareAdmission(String nodeId, String peerId) {
      return members.prepareAdmission(nodeId, peerId);
    }

    @Override
    public void admit(String peerId, String raftAddress, String httpAddress) {
      members.admit(peerId, raftAddress, httpAddress);
    }
  }
}
