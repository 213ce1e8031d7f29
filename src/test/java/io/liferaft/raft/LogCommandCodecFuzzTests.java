package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Entries whose bytes are spoilt at random: they are decoded, or refused as damaged, and nothing
 * else; no length in them is believed before the bytes are there. Every failure names its seed.
 */
class LogCommandCodecFuzzTests {

  private static final int INPUTS = 20_000;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final List<byte[]> WHOLE =
      LogCommandCodecTests.commands().map(LogCommandCodec::encode).toList();

  @ParameterizedTest
  @ValueSource(longs = {1, 20, 300})
  void decodesOrRefuses(long seed) {
    assertTimeoutPreemptively(LIMIT, () -> run(new Random(seed), seed));
  }

  @Test
  @Tag("soak")
  void decodesOrRefusesForAMinute() {
    long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    assertTimeoutPreemptively(
        LIMIT.multipliedBy(2),
        () -> {
          for (long seed = 1_000; System.nanoTime() < end; seed++) {
            run(new Random(seed), seed);
          }
        });
  }

  private static void run(Random random, long seed) {
    for (int i = 0; i < INPUTS; i++) {
      byte[] bytes = spoilt(random);
      try {
        assertThat(LogCommandCodec.decode(bytes)).isNotNull();
      } catch (UncheckedIOException | IllegalStateException | IllegalArgumentException e) {
        assertThat(e)
            .as("seed %d: %s", seed, Arrays.toString(bytes))
            .hasMessageNotContaining("null");
      }
    }
  }

  private static byte[] spoilt(Random random) {
    byte[] bytes = WHOLE.get(random.nextInt(WHOLE.size())).clone();
    for (int times = random.nextInt(4); times > 0 && bytes.length > 0; times--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes = Arrays.copyOf(bytes, at);
        case 1 -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(9));
        case 2 -> bytes[at] = (byte) random.nextInt(256);
        default -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 4), (byte) -1);
      }
    }
    return bytes;
  }
}
