package io.liferaft.maintenance;

import io.liferaft.raft.RaftNode;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** VACUUM and ANALYZE at intervals. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(MaintenanceProperties.class)
public class MaintenanceConfiguration {

  MaintenanceConfiguration() {}

  @Bean
  MaintenanceScheduler maintenanceScheduler(MaintenanceProperties properties, RaftNode raft) {
    return new MaintenanceScheduler(properties, new Maintenance(raft));
  }
}
