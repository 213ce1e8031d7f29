package io.liferaft.archive;

import io.liferaft.objectstore.KeyService;
import io.liferaft.objectstore.ObjectStores;
import java.util.concurrent.locks.LockSupport;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Opens backup archives for whoever needs them. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ArchiveProperties.class)
public class ArchiveConfiguration {

  ArchiveConfiguration() {}

  @Bean
  BackupArchives backupArchives(
      ObjectStores stores,
      ObjectProvider<KeyService> kms,
      ArchiveProperties properties,
      Environment environment) {
    return new StoreArchives(
        stores,
        properties.compressionLevel(),
        properties.encryption().ring(environment::getProperty, kms.getIfAvailable()),
        duration -> {
          LockSupport.parkNanos(duration.toNanos());
          if (Thread.interrupted()) {
            throw new InterruptedException();
          }
        });
  }
}
