package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.support.ManualClock;
import io.liferaft.support.Waiting;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How requests become entries, with a log that answers when it is told to. */
class WriteBatcherTests {

  private static final Duration LONG = Duration.ofMinutes(5);

  private record Submitted(Submission submission, Thread thread, boolean interrupted) {

    int requests() {
      return submission.command() instanceof LogCommand.Batch(var requests) ? requests.size() : 1;
    }

    void fail() {
      submission.fail(new NotLeaderException("gone"));
      submission.release();
    }
  }

  private final BlockingQueue<Submitted> log = new LinkedBlockingQueue<>();
  private final AtomicBoolean hopeless = new AtomicBoolean();
  private final AtomicInteger window = new AtomicInteger(WriteBatcher.ALONE);
  private final WriteBatcher batcher =
      new WriteBatcher(
          "n1",
          new ManualClock(),
          (command, encoded) -> {
            Thread thread = Thread.currentThread();
            Submission submission = new Submission(command, encoded);
            log.add(new Submitted(submission, thread, thread.isInterrupted()));
            return submission;
          },
          hopeless::get,
          window::get);

  @BeforeEach
  void start() {
    batcher.start();
  }

  @AfterEach
  void close() {
    batcher.close();
    log.forEach(Submitted::fail);
  }

  private CompletableFuture<Peers.Appended> add(Duration limit) {
    LogCommand.Execute request =
        new LogCommand.Execute(
            List.of(SqlStatement.of("SELECT 1")), SqlForm.EXECUTE, false, 0, 0, 1);
    return batcher.add(
        request, LogCommandCodec.body(SqlForm.EXECUTE, false, request.statements()), limit);
  }

  private Submitted next() throws InterruptedException {
    @Nullable Submitted next = log.poll(1, TimeUnit.MINUTES);
    if (next == null) {
      throw new AssertionError("nothing was submitted");
    }
    return next;
  }

  @Test
  void oneThatFindsNothingUnderWayGoesOnItsOwnThread() throws InterruptedException {
    Thread.currentThread().interrupt();
    CompletableFuture<Peers.Appended> _ = add(LONG);
    assertThat(Thread.interrupted()).as("still interrupted").isTrue();

    Submitted first = next();

    assertThat(first.thread()).isEqualTo(Thread.currentThread());
    assertThat(first.interrupted()).as("Ratis would close its log").isFalse();
    first.fail();
  }

  @Test
  void thoseThatWaitTravelTogether() throws InterruptedException {
    CompletableFuture<Peers.Appended> _ = add(LONG);
    CompletableFuture<Peers.Appended> _ = add(LONG);
    Submitted first = next();
    Submitted second = next();
    assertThat(second.thread()).isNotEqualTo(Thread.currentThread());
    for (int i = 0; i < 5; i++) {
      CompletableFuture<Peers.Appended> _ = add(LONG);
    }
    assertThat(log).as("two at a time").isEmpty();

    first.fail();

    Submitted third = next();
    assertThat(third.requests()).isEqualTo(5);
    second.fail();
    third.fail();
  }

  @Test
  void thoseThatCameTogetherStayTogether() throws InterruptedException {
    LogCommand.Execute request =
        new LogCommand.Execute(
            List.of(SqlStatement.of("SELECT 1")), SqlForm.EXECUTE, false, 0, 0, 1);
    byte[] body = LogCommandCodec.body(SqlForm.EXECUTE, false, request.statements());
    List<Peers.Write> three = Collections.nCopies(3, new Peers.Write(request, body, LONG));

    List<CompletableFuture<Peers.Appended>> done = batcher.add(three);
    Submitted first = next();
    assertThat(first.requests()).isEqualTo(3);
    assertThat(first.thread()).isSameAs(Thread.currentThread());
    CompletableFuture<Peers.Appended> _ = add(LONG);
    assertThat(next().requests()).isOne();
    List<CompletableFuture<Peers.Appended>> _ = batcher.add(three);
    List<CompletableFuture<Peers.Appended>> _ = batcher.add(three);
    first.fail();

    assertThat(next().requests()).isEqualTo(6);
    assertThat(done).hasSize(3).allSatisfy(each -> assertThat(each).isCompletedExceptionally());
    assertThat(batcher.add(List.of())).isEmpty();
  }

  @Test
  void besideOtherVotersOneEntryAtATimeTakesAllThatWaits() throws InterruptedException {
    window.set(WriteBatcher.WITH_OTHERS);
    CompletableFuture<Peers.Appended> _ = add(LONG);
    Submitted first = next();
    for (int i = 0; i < 5; i++) {
      CompletableFuture<Peers.Appended> _ = add(LONG);
    }
    assertThat(log).as("one at a time").isEmpty();

    first.fail();

    Submitted second = next();
    assertThat(second.requests()).isEqualTo(5);
    second.fail();
  }

  @Test
  void nobodyWaitsBeyondTheLimit() throws InterruptedException {
    CompletableFuture<Peers.Appended> underWay = add(Duration.ofSeconds(1));
    CompletableFuture<Peers.Appended> second = add(LONG);
    Submitted first = next();
    Submitted other = next();
    CompletableFuture<Peers.Appended> queued = add(Duration.ofMillis(1));

    Waiting.await("both are given up").until(() -> underWay.isDone() && queued.isDone());

    assertThatThrownBy(underWay::join)
        .hasCauseInstanceOf(CommitUnknownException.class)
        .hasMessageContaining("not committed within PT1S");
    assertThatThrownBy(queued::join)
        .hasCauseInstanceOf(NotReadyException.class)
        .hasMessageContaining("no room in the log within PT0.001S, and is not applied");
    assertThat(second).isNotDone();
    first.fail();
    other.fail();
    assertThat(log).as("what was given up in the queue is not sent any more").isEmpty();
  }

  @Test
  void whatALostLeadershipLeavesHoldsNobodyUpAndIsWaitedForWithinItsLimit()
      throws InterruptedException {
    CompletableFuture<Peers.Appended> told = add(LONG);
    CompletableFuture<Peers.Appended> impatient = add(Duration.ofSeconds(1));
    Submitted first = next();
    Submitted second = next();
    CompletableFuture<Peers.Appended> queued = add(LONG);

    first.submission().release();
    second.submission().release();

    Submitted third = next();
    third.fail();
    assertThatThrownBy(queued::join).hasCauseInstanceOf(NotLeaderException.class);
    Waiting.await("its time is over").until(impatient::isDone);
    assertThatThrownBy(impatient::join).hasCauseInstanceOf(CommitUnknownException.class);
    assertThat(told).isNotDone();
    first.submission().applied(new Applied.Done(), 7);
    assertThat(told.join().index()).isEqualTo(7);
  }

  @Test
  void nobodyWaitsForTheNextLeaderWhereThereIsNone() throws InterruptedException {
    CompletableFuture<Peers.Appended> lost = add(LONG);
    CompletableFuture<Peers.Appended> own = add(LONG);
    Submitted first = next();
    Submitted second = next();
    first.submission().release();

    hopeless.set(true);

    Waiting.await("it is given up").until(lost::isDone);
    assertThatThrownBy(lost::join)
        .hasCauseInstanceOf(CommitUnknownException.class)
        .hasMessageContaining("leadership was lost");
    assertThat(own).isNotDone();
    first.fail();
    second.fail();
  }

  @Test
  void limitsHoldForWhatIsUnderWayWhenItCloses() throws InterruptedException {
    CompletableFuture<Peers.Appended> underWay = add(Duration.ofSeconds(1));
    CompletableFuture<Peers.Appended> _ = add(LONG);
    Submitted first = next();
    Submitted second = next();
    CompletableFuture<Peers.Appended> queued = add(LONG);

    batcher.close();

    assertThatThrownBy(queued::join).hasCauseInstanceOf(NotLeaderException.class);
    assertThatThrownBy(add(LONG)::join).hasCauseInstanceOf(NotLeaderException.class);
    Waiting.await("it is given up").until(underWay::isDone);
    first.fail();
    second.fail();
  }
}
