package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.support.Waiting;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How answers share memory. */
class AnswerClaimTests {

  private static final long MEGABYTE = 1024 * 1024;

  private final AnswerMemory memory = new AnswerMemory(10 * MEGABYTE);

  private static void read(AnswerClaim claim, long megabytes) {
    for (long i = 0; i < megabytes * 16; i++) {
      claim.count(MEGABYTE / 16);
    }
    claim.settle();
  }

  @Test
  void smallAnswersAreNotCounted() {
    AnswerClaim claim = AnswerClaim.of(memory);
    assertThat(memory.take(10 * MEGABYTE)).isTrue();

    claim.count(AnswerClaim.FREE);
    claim.settle();

    assertThat(memory.taken()).isEqualTo(10 * MEGABYTE);
  }

  @Test
  void whatIsReadIsHeldUntilTheWorkEnds() {
    AnswerClaim.during(() -> {
      read(AnswerClaim.of(memory), 3);
      assertThat(memory.taken()).isEqualTo(3 * MEGABYTE - AnswerClaim.FREE);
      read(AnswerClaim.of(memory), 3);
      assertThat(memory.taken()).isEqualTo(6 * MEGABYTE - 2 * AnswerClaim.FREE);
    });
    assertThat(memory.taken()).isZero();
  }

  @Test
  void oneThatFindsNoRoomHoldsNothingAndWaitsForIt() {
    AnswerClaim slow = AnswerClaim.of(memory);
    read(slow, 8);
    AnswerClaim next = AnswerClaim.of(memory);
    assertThatThrownBy(() -> read(next, 5)).isInstanceOf(SqliteException.TooManyAnswers.class);
    assertThat(memory.taken()).isEqualTo(8 * MEGABYTE - AnswerClaim.FREE);
    assertThatThrownBy(() -> next.await(1)).isInstanceOf(SqliteException.TooManyAnswers.class);

    assertThatThrownBy(() -> read(next, 5)).isInstanceOf(SqliteException.TooManyAnswers.class);
    CompletableFuture<Void> waiting =
        CompletableFuture.runAsync(() -> next.await(TimeUnit.MINUTES.toNanos(1)));
    slow.end();
    Waiting.await("there is room").until(waiting::isDone);
    assertThat(waiting).isCompleted();
    read(next, 5);
    assertThat(memory.taken()).isEqualTo(5 * MEGABYTE - AnswerClaim.FREE);
    next.end();
    assertThat(memory.taken()).isZero();
  }

  @Test
  void theLargestHasRoomOnceItIsAlone() {
    AnswerClaim other = AnswerClaim.of(memory);
    read(other, 1);
    AnswerClaim largest = AnswerClaim.of(memory);
    assertThatThrownBy(() -> read(largest, 10)).isInstanceOf(SqliteException.TooManyAnswers.class);
    other.end();

    largest.await(1);
    read(largest, 10);

    largest.end();
    assertThat(memory.taken()).isZero();
  }

  @Test
  void aReaderThatGoesOnAfterTheEndTakesNothing() {
    AnswerClaim given = AnswerClaim.of(memory);
    given.count(MEGABYTE);
    given.end();

    assertThatThrownBy(() -> given.count(MEGABYTE))
        .isInstanceOf(SqliteException.TooManyAnswers.class);

    assertThat(memory.taken()).isZero();
  }

  @Test
  void rowsFromElsewhereAreHeldOrRefused() {
    SqlResult.Rows rows =
        new SqlResult.Rows(
            List.of("x"),
            List.of("t"),
            List.of("blob"),
            List.<@org.jspecify.annotations.Nullable Object[]>of(
                new Object[] {new byte[6 * 1024 * 1024]}),
            0);
    AnswerClaim first = AnswerClaim.of(memory);
    first.hold(List.of(rows));

    assertThatThrownBy(() -> AnswerClaim.of(memory).hold(List.of(rows)))
        .isInstanceOf(SqliteException.TooManyAnswers.class);

    first.end();
    assertThat(memory.taken()).isZero();
  }
}
