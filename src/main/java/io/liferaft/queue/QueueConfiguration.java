package io.liferaft.queue;

import io.liferaft.raft.RaftNode;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The queue of writes. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(QueueProperties.class)
public class QueueConfiguration {

  /** rqlite's. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  QueueConfiguration() {}

  @Bean
  WriteQueue writeQueue(
      QueueProperties properties,
      RaftNode raft,
      ObjectProvider<Clock> clock,
      ObjectProvider<MeterRegistry> meters) {
    return new WriteQueue(
        properties,
        raft,
        clock.getIfAvailable(Clock::systemUTC),
        meters.getIfAvailable(SimpleMeterRegistry::new),
        Runtime.getRuntime().maxMemory() / 8,
        PAUSE);
  }
}
