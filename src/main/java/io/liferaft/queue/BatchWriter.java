package io.liferaft.queue;

import io.liferaft.queue.QueueCounters.Count;
import io.liferaft.queue.QueuedWrite.Outcome;
import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReadLevel;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.raft.SqlReply;
import io.liferaft.raft.SqlRequest;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes one batch, as often as it takes. For one thread, but for {@link #giveUp}. */
final class BatchWriter {

  private static final Logger log = LoggerFactory.getLogger(BatchWriter.class);

  private static final Duration ATTEMPT = Duration.ofSeconds(30);

  private final RaftNode raft;
  private final boolean transaction;
  private final Duration pause;
  private final QueueCounters counters;
  private final CountDownLatch givenUp = new CountDownLatch(1);

  /**
   * @param pause between attempts
   */
  BatchWriter(RaftNode raft, boolean transaction, Duration pause, QueueCounters counters) {
    this.raft = raft;
    this.transaction = transaction;
    this.pause = pause;
    this.counters = counters;
  }

  /** No attempt is begun after this; any thread. */
  void giveUp() {
    givenUp.countDown();
  }

  boolean hasGivenUp() {
    return givenUp.getCount() == 0;
  }

  /** Waits until the fate of the batch is settled. */
  Outcome write(List<QueuedWrite> batch) {
    List<SqlStatement> statements =
        batch.stream().flatMap(each -> each.statements().stream()).toList();
    if (statements.isEmpty()) {
      return new Outcome.Written();
    }
    SqlRequest request =
        new SqlRequest(
            statements,
            SqlForm.EXECUTE,
            transaction,
            ReadLevel.WEAK,
            null,
            false,
            ATTEMPT,
            ATTEMPT,
            null);
    for (int attempt = 1; ; attempt++) {
      Outcome outcome = attempt(request, batch, attempt);
      if (outcome != null) {
        return outcome;
      }
    }
  }

  /** Tries once; null when it may be tried again. */
  private @Nullable Outcome attempt(SqlRequest request, List<QueuedWrite> batch, int attempt) {
    try {
      counters.add(Count.STATEMENTS_SENT, request.statements().size());
      SqlReply reply = raft.execute(request);
      if (attempt > 1) {
        log.info("Queued writes go on, at the {}th attempt", attempt);
      }
      return written(reply, batch);
    } catch (NotLeaderException e) {
      counters.add(raft.status().leader() == null ? Count.NO_LEADER : Count.NOT_LEADER, 1);
      return again(e, batch, attempt);
    } catch (NotReadyException e) {
      counters.add(Count.NOT_READY, 1);
      return again(e, batch, attempt);
    } catch (CommitUnknownException e) {
      counters.add(Count.UNKNOWN, 1);
      log.warn(
          "The outcome of queued requests {} to {} is unknown; they are not tried again, as they"
              + " may have been applied: {}",
          first(batch),
          last(batch),
          e.getMessage());
      return new Outcome.GivenUp(e);
    } catch (RequestRefusedException e) {
      counters.add(Count.REFUSED, 1);
      log.warn(
          "Queued requests {} to {} are refused: {}", first(batch), last(batch), e.getMessage());
      return new Outcome.GivenUp(e);
    } catch (RuntimeException e) {
      counters.add(Count.FAULT, 1);
      log.error(
          "Queued requests {} to {} failed unexpectedly; they are not tried again, as they may"
              + " have been applied",
          first(batch),
          last(batch),
          e);
      return new Outcome.GivenUp(
          new CommitUnknownException("unexpected failure: " + e.getMessage(), e));
    }
  }

  private Outcome written(SqlReply reply, List<QueuedWrite> batch) {
    long failed = reply.results().stream().filter(SqlResult.Failed.class::isInstance).count();
    counters.add(Count.STATEMENTS_FAILED, failed);
    String error = reply.error();
    if (error == null) {
      counters.add(Count.WRITTEN, 1);
      return new Outcome.Written();
    }
    counters.add(Count.REFUSED, 1);
    log.warn("Queued requests {} to {} failed: {}", first(batch), last(batch), error);
    return new Outcome.Failed(error);
  }

  private @Nullable Outcome again(RuntimeException e, List<QueuedWrite> batch, int attempt) {
    if (attempt == 1) {
      log.info(
          "Queued requests {} to {} wait for a leader that takes them: {}",
          first(batch),
          last(batch),
          e.getMessage());
    }
    if (!over()) {
      return null;
    }
    log.warn(
        "Queued requests {} to {} could not be written before the stop and are lost",
        first(batch),
        last(batch));
    return new Outcome.GivenUp(e);
  }

  /** Lets the pause pass; whether the stop's time is over. */
  private boolean over() {
    try {
      return givenUp.await(pause.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private static long first(List<QueuedWrite> batch) {
    return batch.getFirst().sequenceNumber();
  }

  private static long last(List<QueuedWrite> batch) {
    return batch.getLast().sequenceNumber();
  }
}
