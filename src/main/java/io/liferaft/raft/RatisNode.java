package io.liferaft.raft;

import io.liferaft.raft.LoadSender.Form;
import io.liferaft.raft.LogCommand.LoadKind;
import io.liferaft.security.AccessControl;
import io.liferaft.security.Credentials;
import io.liferaft.sqlite.EntryOutcome;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteException;
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
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * {@link RaftNode} on Apache Ratis: refuses what comes too early, routes the rest to the leader.
 */
final class RatisNode implements RaftNode, SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(RatisNode.class);

  /** Larger statement lists travel as a load: an entry has to fit the appender's buffer. */
  private static final int MAX_ENTRY_BYTES = 2 * 1024 * 1024;

  /** SQLite steps that count for a millisecond of a statement's time limit. */
  private static final long STEPS_PER_MILLI = 20_000;

  /** For what other nodes have passed on here, clients' writes among it. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  private static final Duration HAND_ON = Duration.ofSeconds(3);
  private static final Duration LEAVE = Duration.ofSeconds(10);

  private final LocalNode node;
  private final AccessControl access;
  private final SqliteStore store;
  private final Clock clock;
  private final LeaderRouter router;
  private final LogWriter writer;
  private final Reader reader;
  private final Copies copies;
  private final Members members;
  private final Admissions admissions;
  private final Reaper reaper;
  private volatile boolean running;

  /**
   * @param access says what callers may do whose requests other nodes forward
   */
  RatisNode(LocalNode node, SqliteStore store, Clock clock, AccessControl access) {
    this(node, store, clock, access, new Credentials("", ""));
  }

  /**
   * @param access says what callers may do whose requests other nodes forward
   * @param joinsAs the user that this node joins as
   */
  RatisNode(
      LocalNode node, SqliteStore store, Clock clock, AccessControl access, Credentials joinsAs) {
    this.access = access;
    this.node = node;
    this.store = store;
    this.clock = clock;
    this.router = new LeaderRouter(node);
    this.writer = new LogWriter(node, router, clock);
    this.reader = new Reader(node, store, writer);
    this.copies = new Copies(node, store, writer);
    this.members = new Members(node, joinsAs);
    this.admissions = new Admissions(node, members, access);
    this.reaper = new Reaper(node, admissions);
  }

  Members members() {
    return members;
  }

  /** What other nodes read from this one. */
  LeaderCopies leases() {
    return copies.leases();
  }

  @Override
  public void start() {
    running = true;
    node.start(
        new PeerService(this::gate, access, node, writer, reader, copies, members, admissions),
        this::keepHouse);
  }

  /** Must not wait. */
  private void keepHouse() {
    copies.leases().sweep();
    node.copyPoints().sweep();
    reaper.look();
  }

  @Override
  public void stop() {
    running = false;
    copies.leases().closeAll();
    node.copyPoints().closeAll();
    if (node.config().leaving().onShutdown() && node.status().members().size() > 1) {
      leaveForGood();
    }
    if (node.leads() && node.status().members().size() > 1) {
      handOn();
    }
    if (!node.awaitCallers(ANSWER)) {
      log.warn("Other nodes are left without an answer after {}", ANSWER);
    }
    node.close();
  }

  private void leaveForGood() {
    try {
      removeNode(node.config().id(), LEAVE);
      log.info("This node has left the cluster, as liferaft.raft.remove-on-shutdown says");
    } catch (RuntimeException e) {
      log.warn("This node stays a member of the cluster: {}", e.getMessage());
    }
  }

  /** The others need not miss this node's heartbeat first. */
  private void handOn() {
    try {
      members.transferHere(null, HAND_ON);
    } catch (RuntimeException e) {
      log.debug("Leadership was not handed on: {}", e.getMessage());
    }
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** Stops after web server, queue, backup and restore. */
  @Override
  public int getPhase() {
    return 0;
  }

  @Override
  public NodeStatus status() {
    return node.status();
  }

  /** See {@link LocalNode#settled}. */
  boolean settled() {
    return node.settled();
  }

  /** Bytes taken of the leader's copy; 0 while none is being taken. */
  long installedBytes() {
    return node.installedBytes();
  }

  /** Bytes of the leader's copy; 0 while none is being taken. */
  long installBytes() {
    return node.installBytes();
  }

  /** Snapshots taken since the start, asked for or not. */
  long snapshots() {
    return node.tally().of(Tally.Event.SNAPSHOT);
  }

  Tally tally() {
    return node.tally();
  }

  @Override
  public ReplicatedState state() {
    return node.payload().state();
  }

  /** Refuses client requests on a node that is not ready for them. */
  private void gate() {
    switch (node.phase()) {
      case OPENING, CLOSED -> throw LocalNode.opening();
      case FAILED ->
          throw new NotReadyException("store not open: " + node.fault(), Duration.ofSeconds(5));
      case FORMING, INSTALLING, CATCHING_UP ->
          throw new NotReadyException("store not ready", Duration.ofSeconds(1));
      case RUNNING -> {
        if (!(state().restore() instanceof RestoreRecord.Ended)) {
          throw new NotReadyException("store not ready", Duration.ofSeconds(2));
        }
      }
    }
  }

  // --- writes ---

  @Override
  public SqlReply execute(SqlRequest request) {
    return execute(request, Tally.Call.EXECUTION);
  }

  private SqlReply execute(SqlRequest request, Tally.Call call) {
    gate();
    Optional<byte[]> encoded =
        LogCommandCodec.body(
            request.form(), request.transaction(), request.statements(), MAX_ENTRY_BYTES);
    LogCommand.Execute command =
        new LogCommand.Execute(
            request.statements(),
            request.form(),
            request.transaction(),
            0,
            0,
            steps(request.statementTimeout()));
    if (encoded.isEmpty()) {
      return executeLarge(command);
    }
    byte[] body = encoded.get();
    return router.onLeader(
        request.timeout(),
        left -> reply(writer.executeHere(command, body, left), node.config().httpAddress()),
        forwarding(
            call,
            (leader, left) -> {
              String address = leader.raftAddress();
              return reply(forward(address, command, body, left), address);
            }));
  }

  private Peers.Appended forward(
      String leader, LogCommand.Execute command, byte[] body, Duration left) {
    byte[] encoded = LogCommandCodec.encode(List.of(command), List.of(body));
    for (SqlStatement statement : command.statements()) {
      if (!SqliteStore.answersWithoutRows(statement.sql())) {
        return node.peers().append(leader, encoded, left);
      }
    }
    return node.peers().appendTogether(leader, encoded, left);
  }

  private <T> LeaderRouter.There<T> forwarding(Tally.Call call, LeaderRouter.There<T> there) {
    return (leader, left) -> node.tally().forwarding(call, () -> there.run(leader, left));
  }

  private SqlReply executeLarge(LogCommand.Execute command) {
    Path staged = null;
    try {
      staged = Files.createTempFile(temporaryFolder(), "execute-", ".bin");
      try (OutputStream out = Files.newOutputStream(staged)) {
        WireWriter wire = new WireWriter(out);
        Staging.writeExecute(wire, command.form(), command.transaction(), command.statements());
        wire.flush();
      }
      return loadSql(LoadKind.EXECUTE, staged, command.stepBudget());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write a temporary file", e);
    } finally {
      delete(staged);
    }
  }

  private static long steps(@Nullable Duration limit) {
    Duration time = limit == null ? Reader.STATEMENT_TIMEOUT : limit;
    return Math.max(1, time.toMillis()) * STEPS_PER_MILLI;
  }

  private static SqlReply reply(Peers.Appended appended, String servedBy) {
    return switch (appended.applied()) {
      case Applied.Sql(EntryOutcome outcome) ->
          new SqlReply(outcome.results(), outcome.error(), appended.index(), servedBy);
      case Applied.Refused refused -> throw refused.exception();
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
      return execute(request, Tally.Call.REQUEST);
    }
    // rqlite does not resolve auto here: it reads on whatever node.
    return query(
        request.level() == ReadLevel.AUTO ? withLevel(request, ReadLevel.NONE) : request,
        Tally.Call.REQUEST);
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
    return query(request, Tally.Call.QUERY);
  }

  private SqlReply query(SqlRequest request, Tally.Call call) {
    gate();
    return switch (request.level()) {
      case NONE -> reader.readHere(request);
      case AUTO -> {
        boolean nonVoter = node.status().role() == NodeStatus.Role.LISTENER;
        yield query(withLevel(request, nonVoter ? ReadLevel.NONE : ReadLevel.WEAK), call);
      }
      case WEAK, STRONG -> queryLeader(request, call);
      case LINEARIZABLE -> {
        Optional<SqlReply> here = reader.readFollowing(request);
        yield here.isPresent() ? here.get() : queryLeader(request, call);
      }
    };
  }

  private SqlReply queryLeader(SqlRequest request, Tally.Call call) {
    return router.onLeader(
        request.timeout(),
        left -> reader.readLeading(request, left),
        forwarding(call, (leader, left) -> reader.readThere(request, leader, left)));
  }

  @Override
  public SqlResult localQuery(String sql, Duration limit) {
    return store.query(List.of(SqlStatement.of(sql)), false, limit).getFirst();
  }

  // --- copies and loads ---

  @Override
  public ClusterCopy copy(boolean anyNode, Duration timeout) {
    gate();
    return anyNode
        ? copies.here(timeout)
        : router.onLeader(timeout, copies::here, forwarding(Tally.Call.BACKUP, copies::there));
  }

  @Override
  public ClusterCopy copyAtPoint(String destination, Duration timeout) {
    gate();
    return copies.atPoint(destination, timeout);
  }

  @Override
  public void keepCopies(String destination, Runnable wake) {
    node.copyPoints().keepFor(destination, wake);
  }

  @Override
  public Optional<ClusterCopy> keptCopy(String destination) {
    return node.copyPoints().takeKept(destination);
  }

  @Override
  public long loadDatabase(Path file, Duration timeout) {
    gate();
    LoadSource source = LoadSource.of(file);
    long index =
        loading(() -> send(LoadKind.DATABASE, -1, source, 0, null, () -> null, _ -> {}).index());
    node.tally().count(Tally.Event.LOAD);
    return index;
  }

  @Override
  public SqlReply loadText(Path file, Duration timeout) {
    gate();
    return loading(() -> loadSql(LoadKind.TEXT, file, steps(null)));
  }

  /** Its chunks go to whoever leads at the time: where it begins counts. */
  private <T> T loading(Supplier<T> load) {
    return node.leads() ? load.get() : node.tally().forwarding(Tally.Call.LOAD, load);
  }

  private SqlReply loadSql(LoadKind kind, Path file, long stepBudget) {
    String servedBy =
        router.onLeader(
            LogWriter.COMMAND_TIMEOUT,
            _ -> node.config().httpAddress(),
            (leader, _) -> leader.raftAddress());
    LoadSource source = LoadSource.of(file);
    return reply(send(kind, -1, source, stepBudget, null, () -> null, _ -> {}), servedBy);
  }

  private Peers.Appended send(
      LoadKind kind,
      long attempt,
      LoadSource source,
      long stepBudget,
      @Nullable String clusterId,
      Supplier<@Nullable BackupRecord> backup,
      LongConsumer progress) {
    return new LoadSender(
            writer::appendAnywhere,
            () -> node.payload().load(),
            node::leads,
            node.leaderSignal()::await,
            writer.readByAll(LogCommandCodec.LOAD_BEGIN_BY_CHAIN) ? Form.CHAINED : Form.HASHED)
        .send(kind, attempt, source, stepBudget, clusterId, backup, progress);
  }

  private Path temporaryFolder() throws IOException {
    return Files.createDirectories(node.config().dataDir().resolve("tmp"));
  }

  private static void delete(@Nullable Path file) {
    if (file != null) {
      try {
        boolean _ = Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot delete a temporary file", e);
      }
    }
  }

  @Override
  public boolean snapshot(Duration timeout) {
    gate();
    long before = status().snapshotIndex();
    try {
      node.snapshot(timeout);
      // Ratis' own entries move the record on, too, with nothing in them.
      return status().snapshotIndex() > before && state().changeIndex() > before;
    } catch (IOException e) {
      throw new SqliteException("snapshot: " + e.getMessage(), e);
    }
  }

  // --- for backup and restore ---

  @Override
  public boolean confirmLeadership() {
    long term = node.term();
    if (!node.leads()) {
      return false;
    }
    try {
      Peers.Appended _ = writer.mark(Duration.ofSeconds(10));
      // A later leader may have brought the entry to its end.
      return node.leads() && node.term() == term;
    } catch (NotLeaderException | NotReadyException | CommitUnknownException e) {
      return false;
    }
  }

  @Override
  public boolean databaseEmpty() {
    return state().changeIndex() <= 0 && store.isEmpty();
  }

  @Override
  public void captureChanges(boolean on) {
    Peers.Appended _ = writer.command(new LogCommand.CaptureSwitched(on));
  }

  @Override
  public void recordDelivered(long index) {
    Peers.Appended _ = writer.command(new LogCommand.ChangesDelivered(index));
  }

  @Override
  public void recordBackup(BackupRecord backup) {
    Peers.Appended _ = writer.command(new LogCommand.BackupRecorded(backup));
  }

  @Override
  public void recordVerified(VerifiedRecord drilled) {
    writer.commandAnywhere(new LogCommand.BackupVerified(drilled), LogWriter.COMMAND_TIMEOUT);
  }

  @Override
  public long beginRestore(String source) {
    return writer.command(new LogCommand.RestoreBegun(source)).index();
  }

  @Override
  public void loadRestored(
      long attempt,
      LoadSource source,
      @Nullable String clusterId,
      Supplier<@Nullable BackupRecord> backup,
      LongConsumer loadedBytes) {
    Peers.Appended _ = send(LoadKind.DATABASE, attempt, source, 0, clusterId, backup, loadedBytes);
  }

  @Override
  public long holdWrites(Duration limit) {
    long until = clock.millis() + limit.toMillis();
    return writer.command(new LogCommand.WritesHeld(until)).index();
  }

  @Override
  public void releaseWrites(long attempt) {
    Peers.Appended _ = writer.command(new LogCommand.WritesReleased(attempt));
  }

  @Override
  public void endRestore(RestoreRecord.Outcome outcome) {
    Peers.Appended _ = writer.command(new LogCommand.RestoreEnded(outcome, clock.millis()));
  }

  // --- other nodes ---

  @Override
  public List<NodeProbe> nodes(boolean nonVoters, Duration timeout) {
    return members.probeAll(nonVoters, timeout);
  }

  @Override
  public NodeProbe probe(String raftAddress, Duration timeout) {
    return members.probe(raftAddress, timeout);
  }

  @Override
  public void removeNode(String id, Duration timeout) {
    Boolean _ =
        router.onLeader(
            timeout,
            left -> {
              admissions.remove(id, left);
              return true;
            },
            forwarding(
                Tally.Call.REMOVAL,
                (leader, left) -> {
                  node.peers().remove(leader.raftAddress(), id, left);
                  return true;
                }));
  }

  @Override
  public void transferLeadership(@Nullable String id, Duration timeout) {
    AtomicReference<@Nullable String> asked = new AtomicReference<>();
    Boolean _ =
        router.onLeader(
            timeout,
            left -> {
              if (!leadsInstead(node.config().id(), asked, id)) {
                members.transferHere(id, left);
              }
              return true;
            },
            forwarding(
                Tally.Call.STEPDOWN,
                (leader, left) -> {
                  if (!leadsInstead(leader.id(), asked, id)) {
                    node.peers().transfer(leader.raftAddress(), id, left);
                  }
                  return true;
                }));
  }

  /** Whether anybody was to lead instead of who was asked first, and this one does. */
  private static boolean leadsInstead(
      String leader, AtomicReference<@Nullable String> asked, @Nullable String wanted) {
    var _ = asked.compareAndSet(null, leader);
    return wanted == null && !leader.equals(asked.get());
  }
}
