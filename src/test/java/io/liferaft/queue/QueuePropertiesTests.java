package io.liferaft.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

class QueuePropertiesTests {

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Enabled.class);

  @Test
  void hasRqlitesDefaults() {
    runner.run(context ->
        assertThat(context.getBean(QueueProperties.class))
            .isEqualTo(
                new QueueProperties(
                    1024, 128, Duration.ofMillis(50), false, Duration.ofSeconds(10))));
  }

  @Test
  void takesEverySetting() {
    runner
        .withPropertyValues(
            "liferaft.queue.capacity=10",
            "liferaft.queue.batch-size=5",
            "liferaft.queue.timeout=0s",
            "liferaft.queue.transaction=true",
            "liferaft.queue.on-stop-timeout=3s")
        .run(context ->
            assertThat(context.getBean(QueueProperties.class))
                .isEqualTo(new QueueProperties(10, 5, Duration.ZERO, true, Duration.ofSeconds(3))));
  }

  @ParameterizedTest
  @CsvSource({
    "capacity,0,must be at least 1: a valid one is 1024",
    "batch-size,-1,must be at least 1: a valid one is 128",
    "timeout,-1s,must be from 0s to 1d: a valid one is 50ms",
    "timeout,2d,must be from 0s to 1d: a valid one is 50ms",
    "on-stop-timeout,-1s,is negative: a valid one is 10s",
  })
  void refusesNamingKeyValueAndAValidOne(String key, String value, String why) {
    runner
        .withPropertyValues("liferaft.queue." + key + "=" + value)
        .run(context ->
            assertThat(context)
                .getFailure()
                .hasStackTraceContaining("liferaft.queue." + key + "=")
                .hasStackTraceContaining(why));
  }

  @Test
  void refusesAKeyItDoesNotKnow() {
    runner
        .withPropertyValues("liferaft.queue.size=3")
        .run(context -> assertThat(context).getFailure().hasStackTraceContaining("size"));
  }

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(QueueProperties.class)
  static class Enabled {}
}
