package io.liferaft.cdc;

import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.FileBorder;
import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of change data capture; queue and sender only where it is configured. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(CdcProperties.class)
public class CdcConfiguration {

  CdcConfiguration() {}

  @Bean(destroyMethod = "close")
  @Nullable ChangeQueue changeQueue(CdcProperties properties, FileBorder files) {
    CdcConfig config = CdcConfig.of(properties.config());
    return config == null ? null : new ChangeQueue(config, files);
  }

  @Bean
  @Nullable ChangeSender changeSender(
      CdcProperties properties,
      ObjectProvider<ChangeQueue> queues,
      RaftNode raft,
      MeterRegistry registry) {
    CdcConfig config = CdcConfig.of(properties.config());
    ChangeQueue queue = queues.getIfAvailable();
    if (config == null || queue == null) {
      return null;
    }
    ChangeReceiver receiver =
        config.endpoint().equals(CdcConfig.STDOUT)
            ? new StdoutReceiver()
            : new HttpReceiver(config);
    return new ChangeSender(config, queue, raft, receiver, new CdcMetrics(registry, queue));
  }

  @Bean
  ChangeFeed changeFeed(
      RaftNode raft, ObjectProvider<ChangeQueue> queue, ObjectProvider<ChangeSender> sender) {
    return new ChangeFeed(raft, queue.getIfAvailable(), sender.getIfAvailable());
  }

  @Bean
  CdcHealthIndicator cdcHealthIndicator(ChangeFeed feed) {
    return new CdcHealthIndicator(feed);
  }
}
