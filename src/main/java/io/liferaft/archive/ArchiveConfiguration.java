package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStores;
import java.util.concurrent.locks.LockSupport;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class ArchiveConfiguration {

  @Bean
  BackupArchives backupArchives(ObjectStores stores) {
    return new PlainArchives(
        stores,
        duration -> {
          LockSupport.parkNanos(duration.toNanos());
          if (Thread.interrupted()) {
            throw new InterruptedException();
          }
        });
  }
}
