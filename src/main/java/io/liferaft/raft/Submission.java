package io.liferaft.raft;

import java.util.concurrent.CompletableFuture;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;

/** A command of this node on its way through the log, until its fate is certain; any thread. */
final class Submission implements Message {

  private final LogCommand command;
  private final byte[] encoded;
  private final CompletableFuture<Peers.Appended> outcome = new CompletableFuture<>();
  private final CompletableFuture<Void> released = new CompletableFuture<>();
  private volatile @Nullable TransactionContext transaction;

  Submission(LogCommand command, byte[] encoded) {
    this.command = command;
    this.encoded = encoded;
  }

  @Override
  public ByteString getContent() {
    return UnsafeByteOperations.unsafeWrap(encoded);
  }

  LogCommand command() {
    return command;
  }

  /**
   * Completes when it has been applied here, in whatever term and role. Fails with {@link
   * NotLeaderException} when it is certainly not in the log, with {@link CommitUnknownException}
   * when nobody here can tell any more. After a lost leadership that may take as long as there is
   * no leader, or for ever: who waits has a limit.
   */
  CompletableFuture<Peers.Appended> outcome() {
    return outcome;
  }

  /** Completes when Ratis holds nothing for it any more: not later than its leadership ends. */
  CompletableFuture<Void> released() {
    return released;
  }

  void started(TransactionContext context) {
    transaction = context;
  }

  /** Term of its entry in this node's log; -1 when it has never entered it. */
  long term() {
    TransactionContext context = transaction;
    LogEntryProto entry = context == null ? null : context.getLogEntry();
    return entry == null ? -1 : entry.getTerm();
  }

  void applied(Applied result, long index) {
    if (!outcome.isDone()) {
      outcome.complete(new Peers.Appended(result, index));
    }
  }

  void fail(RuntimeException cause) {
    outcome.completeExceptionally(cause);
  }

  void release() {
    released.complete(null);
  }
}
