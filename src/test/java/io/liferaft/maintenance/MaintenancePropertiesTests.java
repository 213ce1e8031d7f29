package io.liferaft.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

class MaintenancePropertiesTests {

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Enabled.class);

  @Test
  void doesNothingUnlessAsked() {
    runner.run(context ->
        assertThat(context.getBean(MaintenanceProperties.class))
            .isEqualTo(new MaintenanceProperties(Duration.ZERO, Duration.ZERO)));
  }

  @Test
  void takesEverySetting() {
    runner
        .withPropertyValues(
            "liferaft.maintenance.vacuum-interval=168h", "liferaft.maintenance.analyze-interval=1s")
        .run(context ->
            assertThat(context.getBean(MaintenanceProperties.class))
                .isEqualTo(new MaintenanceProperties(Duration.ofDays(7), Duration.ofSeconds(1))));
  }

  @ParameterizedTest
  @CsvSource({"vacuum-interval,-1s", "analyze-interval,999ms"})
  void refusesNamingKeyAndValue(String key, String value) {
    runner
        .withPropertyValues("liferaft.maintenance." + key + "=" + value)
        .run(context ->
            assertThat(context)
                .getFailure()
                .hasStackTraceContaining("liferaft.maintenance." + key + "=")
                .hasStackTraceContaining("a valid one is 24h"));
  }

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(MaintenanceProperties.class)
  static class Enabled {}
}
