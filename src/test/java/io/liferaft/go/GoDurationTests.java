package io.liferaft.go;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoDurationTests {

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0, 0",
    "1ns, 1",
    "1us, 1000",
    "1µs, 1000",
    "1.5ms, 1500000",
    ".5s, 500000000",
    "1.s, 1000000000",
    "-1s, -1000000000",
    "+2m, 120000000000",
    "1h30m, 5400000000000",
    "1h0.5s, 3600500000000",
  })
  void reads(String text, long nanos) {
    assertThat(Objects.requireNonNull(GoDuration.parse(text)).toNanos()).isEqualTo(nanos);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "s", "1x", "-", "1s5", "1 s", ".s", "1S", "9999999h", "PT5S"})
  void refuses(String text) {
    assertThat(GoDuration.parse(text)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0s",
    "999, 999ns",
    "203309, 203.309µs",
    "1400000, 1.4ms",
    "1000000000, 1s",
    "10000000000, 10s",
    "90500000000, 1m30.5s",
    "3600000000000, 1h0m0s",
    "-1500000000, -1.5s",
  })
  void prints(long nanos, String text) {
    assertThat(GoDuration.format(Duration.ofNanos(nanos))).isEqualTo(text);
  }
}
