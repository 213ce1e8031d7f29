package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.util.unit.DataSize;

class SettingConversionFailureAnalyzerTests {

  enum Policy {
    HOLD,
    START_EMPTY
  }

  @ParameterizedTest
  @CsvSource({
    "liferaft.backup.interval, soon, DURATION, not a valid time, 10s",
    "liferaft.raft.snapshot.wal-size, lots, SIZE, not a valid size, 4MB",
    "liferaft.backup.compress, maybe, SWITCH, not a valid switch, true or false",
    "liferaft.restore.on-failure, explode, POLICY, not a valid value, hold or start-empty",
  })
  void namesKeyValueAndAValidOne(
      String key, String value, String type, String reason, String valid) {
    FailureAnalysis analysis = analyze(key, value, type);

    assertThat(analysis).isNotNull();
    assertThat(analysis)
        .extracting(FailureAnalysis::getDescription)
        .isEqualTo("%s=%s is refused: %s, for example %s".formatted(key, value, reason, valid));
  }

  @ParameterizedTest
  @CsvSource("server.shutdown-timeout, soon, DURATION")
  void leavesOthersSettingsToSpringBoot(String key, String value, String type) {
    assertThat(analyze(key, value, type)).isNull();
  }

  private static @Nullable FailureAnalysis analyze(String key, String value, String type) {
    Class<?> target =
        switch (type) {
          case "DURATION" -> Duration.class;
          case "SIZE" -> DataSize.class;
          case "SWITCH" -> boolean.class;
          default -> Policy.class;
        };
    Binder binder = new Binder(new MapConfigurationPropertySource(Map.of(key, value)));
    try {
      Object _ = binder.bind(key, Bindable.of(target)).get();
    } catch (BindException e) {
      return new SettingConversionFailureAnalyzer().analyze(e);
    }
    throw new AssertionError("bound");
  }
}
