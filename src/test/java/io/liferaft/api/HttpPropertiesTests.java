package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.unit.DataSize;

class HttpPropertiesTests {

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Enabled.class);

  @Test
  void hasDefaults() {
    runner.run(context ->
        assertThat(context.getBean(HttpProperties.class))
            .isEqualTo(new HttpProperties(DataSize.ofMegabytes(256), "", "")));
  }

  @Test
  void takesEverySetting() {
    runner
        .withPropertyValues(
            "liferaft.http.max-statement-body=5KB",
            "liferaft.http.allow-origin=https://app.example.org",
            "liferaft.http.verify-common-name=app")
        .run(context ->
            assertThat(context.getBean(HttpProperties.class))
                .isEqualTo(
                    new HttpProperties(DataSize.ofKilobytes(5), "https://app.example.org", "app")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0B", "-1B", "2147483648B", "much"})
  void refusesNamingKeyAndValue(String value) {
    runner
        .withPropertyValues("liferaft.http.max-statement-body=" + value)
        .run(context ->
            assertThat(context)
                .getFailure()
                .hasStackTraceContaining("max-statement-body")
                .hasStackTraceContaining(value.equals("2147483648B") ? "2147483648B" : value));
  }

  @Test
  void refusesAnOriginThatWouldBreakTheHeader() {
    runner
        .withPropertyValues("liferaft.http.allow-origin=a b")
        .run(context ->
            assertThat(context)
                .getFailure()
                .hasStackTraceContaining("liferaft.http.allow-origin=a b is no origin"));
  }

  @ParameterizedTest
  @ValueSource(ints = {-4, -1, 65536})
  void refusesAPortThatIsNone(int port) {
    assertThatThrownBy(() -> ApiConfiguration.checkPort(port))
        .isInstanceOfSatisfying(
            InvalidConfigurationPropertyValueException.class,
            refusal -> {
              assertThat(refusal.getName()).isEqualTo("server.port");
              assertThat(refusal.getValue()).isEqualTo(port);
              assertThat(refusal.getReason()).contains("for example 4001");
            });
  }

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(HttpProperties.class)
  static class Enabled {}
}
