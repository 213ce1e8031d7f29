package io.liferaft.raft;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.jspecify.annotations.Nullable;

/**
 * What this node has put into the log and does not know the fate of yet. Ratis gives up all of it
 * when leadership is lost; but the entries are still there, and this node applies them as the next
 * leader's, or an entry of a later term without having met them: then they are in no log that
 * counts, for committed entries are in every later leader's, in their order (dissertation section
 * 3.6). So who writes while leadership is handed on is told what became of it.
 */
final class Submissions {

  private final ClientId client = ClientId.randomId();
  private final ConcurrentMap<Long, Submission> open = new ConcurrentHashMap<>();

  /** Of the last entry applied; for the apply thread. */
  private long term;

  private volatile boolean stuck;

  /** Under which they are in the log. */
  ClientId client() {
    return client;
  }

  Submission begin(long call, LogCommand command, byte[] encoded) {
    Submission submission = new Submission(command, encoded);
    open.put(call, submission);
    CompletableFuture<?> _ =
        submission.outcome().whenComplete((_, _) -> open.remove(call, submission));
    return submission;
  }

  /** The one whose entry that is; null for others' and for what has been answered. */
  @Nullable Submission of(StateMachineLogEntryProto entry) {
    Submission found = open.get(entry.getCallId());
    return found != null && client.toByteString().equals(entry.getClientId()) ? found : null;
  }

  /** An entry has been applied, and all before it; on the apply thread. */
  void applied(long entryTerm) {
    if (entryTerm <= term) {
      return;
    }
    term = entryTerm;
    open.values().stream()
        .filter(each -> each.term() >= 0 && each.term() < entryTerm)
        .forEach(
            each -> each.fail(new NotLeaderException("not leader: a later one has replaced it")));
  }

  /** What Ratis says, which knows of this node's leadership only. */
  void replied(
      Submission submission, @Nullable RaftClientReply reply, @Nullable Throwable failure) {
    Throwable cause = failure == null && reply != null ? reply.getException() : failure;
    if (reply != null
        && reply.isSuccess()
        && reply.getMessage() instanceof Applied.Reply(var applied, var index)) {
      submission.applied(applied, index);
    } else if (submission.term() < 0) {
      submission.fail(new NotLeaderException("not leader: " + cause));
    }
    submission.release();
    boolean handedOn = cause instanceof org.apache.ratis.protocol.exceptions.NotLeaderException;
    if (!submission.outcome().isDone() && (stuck || !handedOn)) {
      submission.fail(unknown(cause));
    }
  }

  /** Whether nothing is applied here for now: then nobody waits for what the next leader does. */
  void stuck(boolean now) {
    stuck = now;
    if (now) {
      open.values().stream()
          .filter(each -> each.released().isDone())
          .forEach(each -> each.fail(unknown(null)));
    }
  }

  /** Nothing is applied here any more. */
  void close() {
    open.values().forEach(each -> each.fail(unknown(null)));
  }

  static CommitUnknownException unknown(@Nullable Throwable cause) {
    return new CommitUnknownException(
        "leadership was lost while the write was under way: it may or may not be applied", cause);
  }
}
