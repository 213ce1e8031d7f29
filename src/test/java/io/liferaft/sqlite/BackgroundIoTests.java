package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(
    value = OS.LINUX,
    architectures = {"amd64", "aarch64"})
class BackgroundIoTests {

  private record Seen(long before, long during, long after) {
    static Seen here() {
      long before = BackgroundIo.priority();
      long[] during = new long[1];
      try {
        assertThat(
                BackgroundIo.read(() -> {
                  during[0] = BackgroundIo.priority();
                  return 7;
                }))
            .isEqualTo(7);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return new Seen(before, during[0], BackgroundIo.priority());
    }
  }

  private static Seen on(Thread.Builder kind) throws Exception {
    CompletableFuture<Seen> seen = new CompletableFuture<>();
    Thread thread = kind.start(() -> seen.complete(Seen.here()));
    thread.join();
    return seen.get(1, TimeUnit.SECONDS);
  }

  @Test
  void aReadComesLastAndWhatFollowsDoesNot() throws Exception {
    Seen seen = on(Thread.ofPlatform());

    assertThat(seen.before()).isNotNegative().isNotEqualTo(BackgroundIo.LOWEST);
    assertThat(seen.during()).isEqualTo(BackgroundIo.LOWEST);
    assertThat(seen.after()).isEqualTo(seen.before());
  }

  @Test
  void aFailedReadLeavesNothingBehind() {
    long before = BackgroundIo.priority();

    assertThatThrownBy(() ->
            BackgroundIo.read(() -> {
              throw new IOException("disk");
            }))
        .hasMessage("disk");

    assertThat(BackgroundIo.priority()).isEqualTo(before);
  }

  @Test
  void aThreadThatOthersUseStaysAsItIs() throws Exception {
    Seen seen = on(Thread.ofVirtual());

    assertThat(seen.during()).isEqualTo(seen.before());
    assertThat(seen.after()).isEqualTo(seen.before());
  }
}
