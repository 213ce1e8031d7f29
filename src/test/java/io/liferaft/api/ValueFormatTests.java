package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers and times as Go prints them. */
class ValueFormatTests {

  private static final long SEED = 42;

  @ParameterizedTest
  @CsvSource({
    "1.0, 1",
    "-0.0, -0",
    "0.1, 0.1",
    "1e15, 1000000000000000",
    "1e20, 100000000000000000000",
    "123456789012345680000, 123456789012345680000",
    "999999999999999900000, 999999999999999900000",
    "1e21, 1e+21",
    "-1.5e300, -1.5e+300",
    "0.000001, 0.000001",
    "0.00000099, 9.9e-7",
    "1e-7, 1e-7",
    "2e23, 2e+23",
    "4.9e-324, 5e-324",
    "2.2250738585072014E-308, 2.2250738585072014e-308",
    "1.7976931348623157E308, 1.7976931348623157e+308",
    "2461367.3714109953, 2461367.3714109953",
  })
  void printsNumbers(double value, String text) {
    assertThat(GoFloat.format(value)).isEqualTo(text);
  }

  @Test
  void printsNumbersThatReadBack() {
    Random random = new Random(SEED);
    for (int i = 0; i < 100_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(value)) {
        assertThat(Double.parseDouble(GoFloat.format(value))).isEqualTo(value);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1970-01-01T00:00:00Z",
    "1000000000000, ",
    "1000000000001, 2001-09-09T01:46:40.001Z",
    "-1000000000001, 1938-04-24T22:13:19.999Z",
    "253402300799, 9999-12-31T23:59:59Z",
    "253402300800, ",
    "-62167219200, 0000-01-01T00:00:00Z",
    "-62167219201, ",
    "9223372036854775807, ",
    "-9223372036854775808, ",
  })
  void printsUnixTimes(long unix, String text) {
    assertThat(DeclaredTypes.time(unix)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "2020-01-02, 2020-01-02T00:00:00Z",
    "2020-01-02Z, 2020-01-02T00:00:00Z",
    "2020-01-02 03:04, 2020-01-02T03:04:00Z",
    "2020-01-02T03:04:05Z, 2020-01-02T03:04:05Z",
    "2020-01-02 03:04:05.1234567890, 2020-01-02T03:04:05.123456789Z",
    "2020-01-02 03:04:05.1000, 2020-01-02T03:04:05.1Z",
    "2020-01-02 03:04:05.000, 2020-01-02T03:04:05Z",
    "2020-01-02 03:04:05-07:30, 2020-01-02T03:04:05-07:30",
    "2020-01-02 03:04:05.5+00:00, 2020-01-02T03:04:05.5Z",
    "2020-02-29, 2020-02-29T00:00:00Z",
    "2021-02-29, 0001-01-01T00:00:00Z",
    "2020-01-02 24:00, 0001-01-01T00:00:00Z",
    "2020-01-02 03:04+01:00, 0001-01-01T00:00:00Z",
    "2020-01-02 03:04:05 UTC, 0001-01-01T00:00:00Z",
    "2020-01-02ZZ, 0001-01-01T00:00:00Z",
    "now, 0001-01-01T00:00:00Z",
    "'', 0001-01-01T00:00:00Z",
  })
  void printsTextTimes(String value, String text) {
    assertThat(DeclaredTypes.time(value)).isEqualTo(text);
  }
}
