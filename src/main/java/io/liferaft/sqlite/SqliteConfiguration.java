package io.liferaft.sqlite;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The store's bean; raft opens and closes it. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SqliteProperties.class)
public class SqliteConfiguration {

  SqliteConfiguration() {}

  @Bean
  FileBorder fileBorder() {
    return new DiskFiles();
  }

  @Bean(destroyMethod = "")
  SqliteStore sqliteStore(
      SqliteProperties properties, FileBorder border, MeterRegistry registry, Clock clock) {
    Timer writes = timer(registry, "write");
    Timer reads = timer(registry, "read");
    return new SqliteStore(
        properties.settings(),
        (write, nanos) -> (write ? writes : reads).record(nanos, TimeUnit.NANOSECONDS),
        border,
        clock);
  }

  private static Timer timer(MeterRegistry registry, String kind) {
    return Timer.builder("liferaft.sqlite.statement")
        .tag("kind", kind)
        .description("time of one statement in SQLite")
        .register(registry);
  }
}
