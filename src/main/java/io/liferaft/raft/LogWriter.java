package io.liferaft.raft;

import io.liferaft.sqlite.SqlForm;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts commands into the log: directly when this node leads, else through the leader. */
final class LogWriter {

  /** Time that one command of our own may take. */
  static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(30);

  private static final Logger log = LoggerFactory.getLogger(LogWriter.class);

  private static final Duration ASK = Duration.ofSeconds(2);

  /** Shorter limits are kept to the millisecond. */
  private static final Duration COARSE = Duration.ofSeconds(1);

  static final String NO_ROOM =
      "the disk of the leader's data directory is full but for its reserve: make room";

  private final LocalNode node;
  private final LeaderRouter router;
  private final Clock clock;

  LogWriter(LocalNode node, LeaderRouter router, Clock clock) {
    this.node = node;
    this.router = router;
    this.clock = clock;
  }

  /** Appends on this node, which must lead, and waits until it is applied here. */
  Peers.Appended appendHere(LogCommand command, Duration timeout) {
    if (command instanceof LogCommand.Execute execute) {
      return executeHere(
          execute,
          LogCommandCodec.body(execute.form(), execute.transaction(), execute.statements()),
          timeout);
    }
    switch (command) {
      case LogCommand.BackupVerified _ -> requireReaders(LogCommandCodec.BACKUP_VERIFIED);
      case LogCommand.CopyPoint _ -> requireReaders(LogCommandCodec.COPY_POINT);
      default -> {}
    }
    return await(submitHere(command), timeout);
  }

  private void requireReaders(int entryType) {
    if (!node.leads()) {
      throw new NotLeaderException("not leader");
    }
    askReaders(entryType);
  }

  /** Whether every member says that it can read entries of a type. Waits for those far away. */
  boolean readByAll(int entryType) {
    try {
      askReaders(entryType);
      return true;
    } catch (RequestRefusedException e) {
      log.debug("Entries of type {} are not used yet", entryType, e);
      return false;
    }
  }

  private void askReaders(int entryType) {
    EntryReaders.require(
        node.config().id(),
        node.status().members(),
        member -> node.peers().knows(member.raftAddress(), entryType, ASK));
  }

  /**
   * Appends a client's statements on this node, which must lead, perhaps together with others'.
   *
   * @param body the statements as encoded by {@link LogCommandCodec#body}
   */
  Peers.Appended executeHere(LogCommand.Execute command, byte[] body, Duration timeout) {
    if (!node.leads()) {
      throw new NotLeaderException("not leader");
    }
    if (!command.statements().isEmpty()) {
      checkHold();
      checkRoom();
    }
    WriteBatcher batcher = node.batcher().orElseThrow(LocalNode::opening);
    CompletableFuture<Peers.Appended> appended = batcher.add(command, body, timeout);
    // A timer for each request costs more than the batcher's own look at all of them.
    return timeout.compareTo(COARSE) < 0 ? await(appended, timeout) : await(appended);
  }

  /**
   * Appends clients' statements on this node, together where they fit.
   *
   * @return for each what waits until it is applied here, its time is over or it is refused
   */
  List<Supplier<Peers.Appended>> executeTogether(List<Peers.Write> writes) {
    List<CompletableFuture<Peers.Appended>> appended;
    try {
      if (!node.leads()) {
        throw new NotLeaderException("not leader");
      }
      checkHold();
      checkRoom();
      appended = node.batcher().orElseThrow(LocalNode::opening).add(writes);
    } catch (NotLeaderException | NotReadyException e) {
      return Collections.nCopies(
          writes.size(),
          () -> {
            throw e;
          });
    }
    return appended.stream().<Supplier<Peers.Appended>>map(each -> () -> await(each)).toList();
  }

  /**
   * Appends a command through whoever leads, and waits until it is applied there.
   *
   * @throws RequestRefusedException when it does not apply in the cluster's state, or a member
   *     could not read it
   */
  void commandAnywhere(LogCommand command, Duration timeout) {
    Peers.Appended _ = accepted(throughLeader(command, timeout));
  }

  private Peers.Appended throughLeader(LogCommand command, Duration timeout) {
    return router.onLeader(
        timeout,
        left -> appendHere(command, left),
        (leader, left) ->
            node.peers().append(leader.raftAddress(), LogCommandCodec.encode(command), left));
  }

  private static Peers.Appended accepted(Peers.Appended appended) {
    if (appended.applied() instanceof Applied.Refused refused) {
      throw refused.exception();
    }
    return appended;
  }

  /** Appends in the order of the calls: at once here, one after the other through another node. */
  CompletableFuture<Peers.Appended> appendAnywhere(LogCommand command) {
    if (node.leads()) {
      return submitHere(command);
    }
    try {
      return CompletableFuture.completedFuture(throughLeader(command, COMMAND_TIMEOUT));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /**
   * Appends a command of backup or restore on this node, which must lead.
   *
   * @throws RequestRefusedException when it does not apply in the cluster's state
   */
  Peers.Appended command(LogCommand command) {
    return accepted(await(submitHere(command), COMMAND_TIMEOUT));
  }

  private CompletableFuture<Peers.Appended> submitHere(LogCommand command) {
    if (!node.leads()) {
      return CompletableFuture.failedFuture(new NotLeaderException("not leader"));
    }
    if (command instanceof LogCommand.LoadChunk && !node.hasRoom()) {
      return CompletableFuture.failedFuture(noRoom());
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
        .submit(stamped, LogCommandCodec.encode(stamped))
        .outcome();
  }

  /** What is refused here need not be refused at its place in the log. */
  private void checkHold() {
    WriteHold hold = node.payload().state().hold();
    if (hold != null && hold.term() == node.term() && clock.millis() <= hold.untilMillis()) {
      throw new NotReadyException(Replica.HELD, Duration.ofSeconds(2));
    }
  }

  private void checkRoom() {
    if (!node.hasRoom()) {
      throw noRoom();
    }
  }

  private NotReadyException noRoom() {
    return new NotReadyException(NO_ROOM, Duration.ofSeconds(5));
  }

  /**
   * Appends an entry that changes nothing, on this node, which must lead: when it returns, a quorum
   * has taken it after the call began.
   */
  Peers.Appended mark(Duration timeout) {
    LogCommand.Execute nothing = new LogCommand.Execute(List.of(), SqlForm.EXECUTE, false, 0, 0, 1);
    byte[] body = LogCommandCodec.body(SqlForm.EXECUTE, false, List.of());
    return executeHere(nothing, body, timeout);
  }

  /**
   * Waits until all that was committed before is applied here. This node leads then, or a leader
   * has told it how far that is: a quorum has confirmed that one within its lease, a quarter of the
   * shortest election time-out, in which nobody else is elected as long as the nodes' clocks run
   * about as fast (dissertation section 6.4.1).
   */
  void barrier(Duration limit) {
    RatisServer server = node.openServer();
    try {
      Void _ = server.readBarrier().get(Math.max(1, limit.toMillis()), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new NotLeaderException("leadership was not confirmed within " + limit);
    } catch (ExecutionException e) {
      throw runtime(e);
    } catch (InterruptedException e) {
      throw LeaderRouter.interrupted();
    }
  }

  private interface Wait {
    Peers.Appended end() throws InterruptedException, ExecutionException, TimeoutException;
  }

  private static Peers.Appended await(CompletableFuture<Peers.Appended> future, Duration timeout) {
    return end(() -> future.get(Math.max(1, timeout.toMillis()), TimeUnit.MILLISECONDS), timeout);
  }

  /** Somebody else ends the wait when its time is over. */
  private static Peers.Appended await(CompletableFuture<Peers.Appended> future) {
    return end(future::get, Duration.ZERO);
  }

  private static Peers.Appended end(Wait wait, Duration timeout) {
    try {
      return wait.end();
    } catch (TimeoutException e) {
      throw notInTime(timeout);
    } catch (ExecutionException e) {
      throw runtime(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommitUnknownException(
          "interrupted while the write was under way: it may still be applied", e);
    }
  }

  /** For what has not been handed to the log. */
  static NotReadyException notSent(Duration limit) {
    return new NotReadyException(
        "the write found no room in the log within %s, and is not applied".formatted(limit),
        Duration.ofSeconds(1));
  }

  static CommitUnknownException notInTime(Duration limit) {
    return new CommitUnknownException(
        "the write was not committed within %s: it may still be applied".formatted(limit), null);
  }

  private static RuntimeException runtime(ExecutionException e) {
    return e.getCause() instanceof RuntimeException runtime
        ? runtime
        : new IllegalStateException("unexpected failure", e.getCause());
  }
}
