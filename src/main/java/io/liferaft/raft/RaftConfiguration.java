package io.liferaft.raft;

import io.liferaft.security.AccessControl;
import io.liferaft.security.JoinCredentials;
import io.liferaft.sqlite.SqliteStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The Raft node's beans. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({ClusterProperties.class, NodeProperties.class})
public class RaftConfiguration {

  RaftConfiguration() {}

  @Bean
  NodeConfig nodeConfig(
      NodeProperties node,
      ClusterProperties cluster,
      ServerProperties server,
      Environment environment,
      ObjectProvider<SslBundles> bundles) {
    // As written: a name is what others are told, and not what it stands for here.
    String address = environment.getProperty("server.address");
    int port = server.getPort() == null ? 8080 : server.getPort();
    PeerTls tls = PeerTls.of(cluster.tls(), bundles.getIfAvailable(DefaultSslBundleRegistry::new));
    return NodeConfig.of(node, cluster, address, port, Ssl.isEnabled(server.getSsl()), tls);
  }

  /** Closed by the node's own stop. */
  @Bean(destroyMethod = "")
  LocalNode localNode(
      NodeConfig config,
      SqliteStore store,
      Clock clock,
      ApplicationEventPublisher events,
      ObjectProvider<ChangeJournal> journal) {
    return new LocalNode(config, store, clock, events::publishEvent, journal.getIfAvailable());
  }

  @Bean
  RatisNode raftNode(
      LocalNode node,
      SqliteStore store,
      Clock clock,
      AccessControl access,
      JoinCredentials joinsAs) {
    return new RatisNode(node, store, clock, access, joinsAs.credentials());
  }

  @Bean
  GroupMembership groupMembership(RatisNode node) {
    return node.members();
  }

  @Bean
  RaftHealthIndicator raftHealthIndicator(RatisNode node, NodeConfig config) {
    return new RaftHealthIndicator(node, node::settled, config.electionTimeout());
  }

  @Bean
  RaftMetrics raftMetrics(RatisNode node, SqliteStore store, MeterRegistry registry) {
    return new RaftMetrics(node, store, registry);
  }
}
