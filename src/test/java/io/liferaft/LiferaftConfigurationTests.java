package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.ApplicationAvailabilityBean;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class LiferaftConfigurationTests {

  /** Nothing here plays the part of SpringApplication, which says so after HTTP listens. */
  @Test
  void isAvailableAsSoonAsHttpMayListen() {
    new ApplicationContextRunner()
        .withUserConfiguration(LiferaftConfiguration.class)
        .withBean(ApplicationAvailabilityBean.class)
        .run(context -> {
          ApplicationAvailability availability = context.getBean(ApplicationAvailability.class);
          assertThat(availability.getLivenessState()).isEqualTo(LivenessState.CORRECT);
          assertThat(availability.getReadinessState()).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        });
  }
}
