package io.liferaft.backup;

import static io.liferaft.support.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.objectstore.PreflightFinding.Result;
import io.liferaft.support.ManualClock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class BackupPreflightTests {

  private static final PreflightFinding FINE =
      new PreflightFinding("get", Result.OK, "An object can be read", "");
  private static final PreflightFinding DENIED =
      new PreflightFinding("put", Result.PROBLEM, "access denied", "Grant s3:PutObject");

  private final ManualClock clock = new ManualClock();

  @Test
  void tellsEachProblemWithWhatToDo(CapturedOutput output) {
    BackupPreflight preflight =
        new BackupPreflight(true, "s3://b/", () -> List.of(FINE, DENIED), clock);

    BackupPreflight.Report report = preflight.tryNow(Duration.ZERO).orElseThrow();

    assertThat(report.problems()).isEqualTo(1);
    assertThat(preflight.last()).isEqualTo(report);
    assertThat(output)
        .contains("Preflight of s3://b/: put: access denied. Grant s3:PutObject")
        .doesNotContain("An object can be read");
  }

  @Test
  void triesAfterTheStartByItselfUnlessItIsTurnedOff() {
    AtomicInteger tried = new AtomicInteger();
    BackupPreflight on =
        new BackupPreflight(
            true,
            "s3://b/",
            () -> {
              tried.incrementAndGet();
              return List.of(FINE);
            },
            clock);
    BackupPreflight off = new BackupPreflight(false, "s3://b/", () -> List.of(DENIED), clock);
    off.start();
    on.start();
    try {
      await("the preflight").until(() -> on.last() != null);
      assertThat(tried).hasValue(1);
      assertThat(off.last()).isNull();
    } finally {
      on.stop();
      off.stop();
    }
  }

  /** What fails because its thread is interrupted is no trouble of the store. */
  @Test
  void aStopIsNoFinding(CapturedOutput output) throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    BackupPreflight preflight =
        new BackupPreflight(
            true,
            "s3://b/",
            () -> {
              if (begun.getCount() > 0) {
                begun.countDown();
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  ended.countDown();
                }
              }
              return List.of(DENIED);
            },
            clock);
    preflight.start();
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();

    preflight.stop();

    assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(preflight.tryNow(Duration.ofSeconds(30))).isEmpty();
    assertThat(preflight.last()).isNull();
    assertThat(output)
        .contains("The preflight is given up: this node is stopping")
        .doesNotContain("WARN");
  }

  @Test
  void isMadeByOneAtATime() throws InterruptedException, ExecutionException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    BackupPreflight preflight =
        new BackupPreflight(
            false,
            "s3://b/",
            () -> {
              begun.countDown();
              try {
                end.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return List.of(FINE);
            },
            clock);
    FutureTask<Optional<BackupPreflight.Report>> first =
        new FutureTask<>(() -> preflight.tryNow(Duration.ZERO));
    Thread.ofVirtual().start(first);
    begun.await();

    assertThat(preflight.tryNow(Duration.ZERO)).isEmpty();
    FutureTask<Optional<BackupPreflight.Report>> waits =
        new FutureTask<>(() -> preflight.tryNow(Duration.ofMinutes(1)));
    Thread waiting = Thread.ofVirtual().start(waits);
    await("the second waits").until(() -> waiting.getState() == Thread.State.TIMED_WAITING);

    end.countDown();
    assertThat(first.get()).isPresent();
    assertThat(waits.get()).as("whoever waits has its turn").isPresent();
    assertThat(preflight.tryNow(Duration.ZERO)).isPresent();
  }
}
