package io.liferaft;

import java.time.Clock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What every module may be given. */
@Configuration(proxyBeanMethods = false)
class LiferaftConfiguration {

  @Bean
  Clock clock() {
    return Clock.systemUTC();
  }
}
