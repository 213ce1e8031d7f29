package io.liferaft;

import java.time.Clock;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** What every module may be given. */
@Configuration(proxyBeanMethods = false)
class LiferaftConfiguration {

  @Bean
  Clock clock() {
    return Clock.systemUTC();
  }

  @Bean
  static UnknownSettings unknownSettings(Environment environment) {
    return new UnknownSettings(environment);
  }

  /**
   * Live, and as far as the application's own start goes ready, from before HTTP listens: by then
   * everything has been started. Spring Boot says so a moment later, and who comes in between would
   * find the node broken, or served by a node that says it is not ready.
   */
  @Bean
  SmartInitializingSingleton availableBeforeListening(ApplicationContext context) {
    return () -> {
      AvailabilityChangeEvent.publish(context, LivenessState.CORRECT);
      AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
    };
  }
}
