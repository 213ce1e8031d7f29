package io.liferaft.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.archive.CorruptBackupException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ArrivalTests {

  private static final byte[] FIRST = {1, 2, 3};
  private static final byte[] REST = {-1, 5};

  @TempDir Path folder;
  private final CountDownLatch go = new CountDownLatch(1);
  private final ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void end() {
    readers.shutdownNow();
  }

  @Test
  void handsOutTheStartWhileTheRestIsOnItsWay() throws Exception {
    Path part = folder.resolve("x.part");
    try (Arrival arrival =
        Arrival.begin(
            5,
            progress -> {
              Files.write(part, FIRST);
              Files.write(part, REST, StandardOpenOption.APPEND);
              progress.verified(part, 3);
              go.await();
              progress.verified(part, 5);
              Files.move(part, folder.resolve("x"), StandardCopyOption.ATOMIC_MOVE);
              return "hash";
            })) {
      try (InputStream in = arrival.open()) {
        assertThat(in.readNBytes(3)).isEqualTo(FIRST);
        assertThat(arrival.isWhole()).isFalse();
        Future<byte[]> rest = readers.submit(() -> in.readAllBytes());
        assertThat(rest).as("not verified yet").isNotDone();
        go.countDown();
        assertThat(rest.get()).isEqualTo(REST);
      }
      arrival.awaitWhole();
      assertThat(arrival.isWhole()).isTrue();
      assertThat(arrival.sha256()).isEqualTo("hash");
      try (InputStream again = arrival.open()) {
        assertThat(again.readAllBytes()).as("renamed meanwhile").hasSize(5);
      }
    }
  }

  @Test
  void tellsWhatKeepsTheRestFromComing() throws IOException {
    CorruptBackupException damaged = new CorruptBackupException("damaged", null);
    Path part = Files.write(folder.resolve("x.part"), FIRST);
    try (Arrival arrival =
            Arrival.begin(
                5,
                progress -> {
                  progress.verified(part, 3);
                  throw damaged;
                });
        InputStream in = arrival.open()) {
      assertThat(in.readNBytes(3)).isEqualTo(FIRST);
      assertThatThrownBy(in::read).isSameAs(damaged);
      assertThatThrownBy(arrival::awaitWhole).isSameAs(damaged);
      assertThat(arrival.isWhole()).isFalse();
    }
  }

  /** All bytes have arrived, but they are no database. */
  @Test
  void isNotWholeWhenTheLastCheckFails() throws IOException {
    IllegalStateException unsound = new IllegalStateException("no database");
    Path part = Files.write(folder.resolve("x.part"), FIRST);
    try (Arrival arrival =
            Arrival.begin(
                3,
                progress -> {
                  progress.verified(part, 3);
                  throw unsound;
                });
        InputStream in = arrival.open()) {
      assertThat(in.readAllBytes()).isEqualTo(FIRST);
      assertThatThrownBy(arrival::awaitWhole).isSameAs(unsound);
    }
  }

  @Test
  void anInterruptEndsTheWaitAndTheCloseEndsTheWork() throws Exception {
    CompletableFuture<Boolean> ended = new CompletableFuture<>();
    CountDownLatch begun = new CountDownLatch(1);
    Arrival arrival =
        Arrival.begin(
            5,
            _ -> {
              begun.countDown();
              try {
                go.await();
              } catch (InterruptedException e) {
                ended.complete(true);
                throw e;
              }
              return "hash";
            });
    begun.await();
    Thread.currentThread().interrupt();

    assertThatThrownBy(arrival::awaitWhole).isInstanceOf(InterruptedIOException.class);

    assertThat(Thread.interrupted()).as("the caller's caller sees it as well").isTrue();
    assertThat(ended).isNotDone();
    arrival.close();
    assertThat(ended).isCompletedWithValue(true);
  }

  @Test
  void closingWaitsForTheWorkAlsoWhenInterrupted() throws IOException {
    Duration long_ = Duration.ofMinutes(5);
    Arrival arrival =
        Arrival.begin(
            5,
            _ -> {
              assertThat(go.await(long_.toSeconds(), java.util.concurrent.TimeUnit.SECONDS))
                  .isTrue();
              return "hash";
            });
    Thread.currentThread().interrupt();

    arrival.close();

    assertThat(Thread.interrupted()).isTrue();
    assertThatThrownBy(arrival::awaitWhole).hasCauseInstanceOf(InterruptedException.class);
  }
}
