package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.raft.ReadLevel;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryParametersTests {

  @Test
  void readsByGosRules() {
    QueryParameters parameters =
        QueryParameters.parse(
            "q=SELECT+1%2B1&&pretty=false&q=second&%6bey=a=b&\u00c3\u00a9=%C3%A9");

    assertThat(parameters.text("q")).isEqualTo("SELECT 1+1");
    assertThat(parameters.has("pretty")).isTrue();
    assertThat(parameters.has("Pretty")).isFalse();
    assertThat(parameters.text("key")).isEqualTo("a=b");
    assertThat(parameters.text("é")).isEqualTo("é");
  }

  @Test
  void hasDefaults() {
    QueryParameters parameters = QueryParameters.parse(null);

    assertThat(parameters.timeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(parameters.level()).isEqualTo(ReadLevel.WEAK);
    assertThat(parameters.positiveDuration("db_timeout")).isNull();
  }

  @Test
  void takesWhatTheJdbcDriverSends() {
    QueryParameters parameters =
        QueryParameters.parse(
            "timings=true&timeout=-1s&wait=true&level=linearizable&linearizable_timeout=5s"
                + "&freshness=5s&freshness_strict=false");

    assertThat(parameters.timeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(parameters.level()).isEqualTo(ReadLevel.LINEARIZABLE);
    assertThat(parameters.positiveDuration("freshness")).isEqualTo(Duration.ofSeconds(5));
    assertThat(parameters.has("freshness_strict")).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"NONE, NONE", "Strong, STRONG", "auto, AUTO", "nonsense, WEAK", "weak, WEAK"})
  void readsLevels(String text, ReadLevel level) {
    assertThat(QueryParameters.parse("level=" + text).level()).isEqualTo(level);
  }

  @ParameterizedTest
  @CsvSource({
    "a=%zz, invalid URL escape \"%zz\"",
    "a=%4, invalid URL escape \"%4\"",
    "%, invalid URL escape \"%\"",
    "a;b, invalid semicolon separator in query",
    "q, query parameter not set",
    "q=&q=x, query parameter not set",
    "freshness=5, freshness is not a valid duration",
    "db_timeout=, db_timeout is not a valid duration",
    "linearizable_timeout=x, linearizable_timeout is not a valid duration",
    "retries=1.5, retries is not a valid integer",
    "trailing_logs=, trailing_logs is not a valid integer",
    "freshness_strict, freshness_strict requires freshness",
  })
  void refuses(String raw, String text) {
    assertThatExceptionOfType(RequestFailure.class)
        .isThrownBy(() -> QueryParameters.parse(raw))
        .withMessage(text)
        .matches(e -> e.status() == 400);
  }
}
