package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

class SqlitePropertiesTests {

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Enabled.class);

  @Test
  void leavesTheNumberOfReadersToTheProcessors() {
    runner.run(context ->
        assertThat(context.getBean(SqliteProperties.class).settings())
            .isEqualTo(SqliteSettings.defaults()));
  }

  @Test
  void takesEverySetting() {
    runner
        .withPropertyValues("liferaft.sqlite.max-readers=256")
        .run(context ->
            assertThat(context.getBean(SqliteProperties.class).settings().readers())
                .isEqualTo(256));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "1025"})
  void refusesNamingKeyAndValue(String value) {
    runner
        .withPropertyValues("liferaft.sqlite.max-readers=" + value)
        .run(context ->
            assertThat(context)
                .getFailure()
                .hasStackTraceContaining("liferaft.sqlite.max-readers must be from 1 to 1024")
                .hasStackTraceContaining("not " + value));
  }

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(SqliteProperties.class)
  static class Enabled {}
}
