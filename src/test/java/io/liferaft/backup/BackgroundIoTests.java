package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(
    value = OS.LINUX,
    architectures = {"amd64", "aarch64"})
class BackgroundIoTests {

  private record Seen(long before, boolean taken, long after) {
    static Seen here() {
      return new Seen(BackgroundIo.priority(), BackgroundIo.begin(), BackgroundIo.priority());
    }
  }

  private static Seen on(Thread.Builder kind) throws Exception {
    CompletableFuture<Seen> seen = new CompletableFuture<>();
    Thread thread = kind.start(() -> seen.complete(Seen.here()));
    thread.join();
    return seen.get(1, TimeUnit.SECONDS);
  }

  @Test
  void aThreadOfItsOwnComesLast() throws Exception {
    Seen seen = on(Thread.ofPlatform());

    assertThat(seen.before()).isNotNegative().isNotEqualTo(BackgroundIo.LOWEST);
    assertThat(seen.taken()).isTrue();
    assertThat(seen.after()).isEqualTo(BackgroundIo.LOWEST);
    assertThat(BackgroundIo.priority()).as("of another thread").isEqualTo(seen.before());
  }

  @Test
  void aThreadThatOthersUseStaysAsItIs() throws Exception {
    Seen seen = on(Thread.ofVirtual());

    assertThat(seen.taken()).isFalse();
    assertThat(seen.after()).isEqualTo(seen.before());
  }
}
