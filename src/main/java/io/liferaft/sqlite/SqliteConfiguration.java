package io.liferaft.sqlite;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The store's bean; raft opens it. */
@Configuration(proxyBeanMethods = false)
class SqliteConfiguration {

  @Bean(destroyMethod = "")
  SqliteStore sqliteStore() {
    return new SqliteStore();
  }
}
