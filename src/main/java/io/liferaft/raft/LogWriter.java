package io.liferaft.raft;

import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Puts commands into the log: directly when this node leads, else through the leader. */
final class LogWriter {

  /** Time that one command of our own may take. */
  static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(30);

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
    return await(submitHere(command), timeout);
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
      checkRoom();
    }
    WriteBatcher batcher = node.batcher().orElseThrow(LocalNode::opening);
    return await(batcher.add(command, body), timeout);
  }

  /** Appends in the order of the calls: at once here, one after the other through another node. */
  CompletableFuture<Peers.Appended> appendAnywhere(LogCommand command) {
    if (node.leads()) {
      return submitHere(command);
    }
    try {
      return CompletableFuture.completedFuture(
          router.onLeader(
              COMMAND_TIMEOUT,
              left -> appendHere(command, left),
              (leader, left) ->
                  node.peers()
                      .append(leader.raftAddress(), LogCommandCodec.encode(command), left)));
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
    Peers.Appended appended = await(submitHere(command), COMMAND_TIMEOUT);
    if (appended.applied() instanceof Applied.Refused refused) {
      throw refused.exception();
    }
    return appended;
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
        .submit(stamped, LogCommandCodec.encode(stamped));
  }

  private void checkRoom() {
    if (!node.hasRoom()) {
      throw noRoom();
    }
  }

  private NotReadyException noRoom() {
    return new NotReadyException(NO_ROOM, Duration.ofSeconds(5));
  }

  /** Waits until a quorum has confirmed that this node leads and all before is applied here. */
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

  private static Peers.Appended await(CompletableFuture<Peers.Appended> future, Duration timeout) {
    try {
      return future.get(Math.max(1, timeout.toMillis()), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new CommitUnknownException(
          "the write was not committed within %s: it may still be applied".formatted(timeout), e);
    } catch (ExecutionException e) {
      throw runtime(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommitUnknownException(
          "interrupted while the write was under way: it may still be applied", e);
    }
  }

  private static RuntimeException runtime(ExecutionException e) {
    return e.getCause() instanceof RuntimeException runtime
        ? runtime
        : new IllegalStateException("unexpected failure", e.getCause());
  }
}
