package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.sqlite.DiskFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyFetchTests {

  private static final int SIZE = 3 * CopyFetch.PAGE + 1000;

  @TempDir Path folder;

  private final AtomicLong nanos = new AtomicLong();
  private final List<Long> asked = new ArrayList<>();
  private final byte[] copy = new byte[SIZE];
  private final CopyFetch fetch =
      new CopyFetch(
          new DiskFiles(), nanos::get, () -> nanos.addAndGet(Duration.ofSeconds(1).toNanos()));
  private int failures;
  private long failsAt = -1;

  @BeforeEach
  void fill() {
    new Random(1).nextBytes(copy);
  }

  private byte[] page(long offset, int length) {
    asked.add(offset);
    if (offset == failsAt && failures > 0) {
      failures--;
      throw new IllegalStateException("cut");
    }
    return Arrays.copyOfRange(copy, (int) offset, (int) offset + length);
  }

  @Test
  void aPageThatWasCutIsAskedForAgainAndNoOther() throws IOException {
    failsAt = CopyFetch.PAGE;
    failures = 3;

    fetch.into(file(), 0, SIZE, this::page);

    assertThat(file()).hasBinaryContent(copy);
    long page = CopyFetch.PAGE;
    assertThat(asked).containsExactly(0L, page, page, page, page, 2 * page, 3 * page);
    assertThat(fetch.receivedBytes()).isEqualTo(SIZE);
  }

  @Test
  void whatCameBeforeALongCutIsNotFetchedAgain() throws IOException {
    failsAt = 2L * CopyFetch.PAGE;
    failures = Integer.MAX_VALUE;
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> fetch.into(file(), 0, SIZE, this::page));
    assertThat(fetch.receivedBytes()).isEqualTo(failsAt);
    assertThat(fetch.sizeBytes()).isEqualTo(SIZE);
    asked.clear();
    failures = 0;

    fetch.into(file(), fetch.receivedBytes(), SIZE, this::page);

    assertThat(asked).containsExactly(2L * CopyFetch.PAGE, 3L * CopyFetch.PAGE);
    assertThat(file()).hasBinaryContent(copy);
  }

  @Test
  void anotherCopyBeginsAtItsStartWhateverLiesThere() throws IOException {
    Files.write(file(), new byte[2 * SIZE]);

    fetch.into(file(), 0, SIZE, this::page);

    assertThat(file()).hasBinaryContent(copy);
  }

  @Test
  void aCopyThatTheLeaderHasGivenUpIsNotAskedForAgain() {
    assertThatExceptionOfType(RequestRefusedException.class)
        .isThrownBy(() ->
            fetch.into(
                file(),
                0,
                SIZE,
                (offset, _) -> {
                  asked.add(offset);
                  throw new RequestRefusedException("the copy's lease has ended");
                }));

    assertThat(asked).containsExactly(0L);
  }

  @Test
  void aCopyThatEndsTooEarlyIsNone() {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> fetch.into(file(), 0, SIZE, (_, _) -> new byte[0]))
        .withMessage("the leader's copy ends at 0 of " + SIZE);
  }

  private Path file() {
    return folder.resolve("install.sqlite");
  }
}
