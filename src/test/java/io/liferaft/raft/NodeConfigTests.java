package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

class NodeConfigTests {

  private final ApplicationContextRunner context =
      new ApplicationContextRunner()
          .withConfiguration(AutoConfigurations.of())
          .withUserConfiguration(Settings.class)
          .withPropertyValues("server.address=127.0.0.1", "server.port=4001");

  @Test
  void hasTheDocumentedDefaults() {
    context.run(started -> {
      NodeConfig config = started.getBean(NodeConfig.class);
      assertThat(config.id()).isEqualTo("127.0.0.1:4002");
      assertThat(config.dataDir()).isEqualTo(Path.of("data").toAbsolutePath());
      assertThat(config.httpAddress()).isEqualTo("127.0.0.1:4001");
      assertThat(config.raftAddress()).isEqualTo("127.0.0.1:4002");
      assertThat(config.initialCluster())
          .containsExactly(java.util.Map.entry("127.0.0.1:4002", "127.0.0.1:4002"));
      assertThat(config.electionTimeout()).hasSeconds(1);
      assertThat(config.foreignKeys()).isFalse();
      assertThat(config.snapshotEntries()).isEqualTo(8192);
      assertThat(config.walSizeBytes()).isEqualTo(4 * 1024 * 1024);
    });
  }

  @Test
  void takesEverySetting() {
    context
        .withPropertyValues(
            "liferaft.node.id=n2",
            "liferaft.node.data-dir=/var/lib/x",
            "liferaft.node.advertised-http-address=h2:80",
            "liferaft.raft.address=0.0.0.0:5002",
            "liferaft.raft.advertised-address=h2:5002",
            "liferaft.raft.initial-cluster=n1=h1:5002, n2=h2:5002",
            "liferaft.raft.election-timeout=300ms",
            "liferaft.raft.foreign-keys=true",
            "liferaft.raft.snapshot.entries=10",
            "liferaft.raft.snapshot.wal-size=1MB")
        .run(started -> {
          NodeConfig config = started.getBean(NodeConfig.class);
          assertThat(config.id()).isEqualTo("n2");
          assertThat(config.dataDir()).isEqualTo(Path.of("/var/lib/x"));
          assertThat(config.httpAddress()).isEqualTo("h2:80");
          assertThat(config.raftBind()).isEqualTo(new HostPort("0.0.0.0", 5002));
          assertThat(config.raftAddress()).isEqualTo("h2:5002");
          assertThat(config.initialCluster()).containsOnlyKeys("n1", "n2");
          assertThat(config.electionTimeout()).hasMillis(300);
          assertThat(config.foreignKeys()).isTrue();
          assertThat(config.snapshotEntries()).isEqualTo(10);
          assertThat(config.walSizeBytes()).isEqualTo(1024 * 1024);
        });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "liferaft.raft.address|nonsense|127.0.0.1:4002",
        "liferaft.raft.address|h:99999|127.0.0.1:4002",
        "liferaft.raft.advertised-address|0.0.0.0:4002|node1.example.org:4002",
        "liferaft.raft.advertised-address|http://h:1|node1.example.org:4002",
        "liferaft.node.advertised-http-address|[::]:1|node1.example.org:4001",
        "liferaft.node.id|a b|n1",
        "liferaft.node.data-dir|a,b|/var/lib/liferaft",
        "liferaft.node.data-dir|pom.xml|/var/lib/liferaft",
        "liferaft.raft.initial-cluster|n1=h1|n1=host1:4002",
        "liferaft.raft.initial-cluster|n1=h1:1,n1=h2:2|n1=host1:4002",
        "liferaft.raft.initial-cluster|n1=h1:1,n2=h1:1|n1=host1:4002",
        "liferaft.raft.initial-cluster|n8=h1:1|n1=host1:4002",
        "liferaft.raft.initial-cluster|127.0.0.1:4002=h9:1|advertised-address",
        "liferaft.raft.election-timeout|1ms|1s",
        "liferaft.raft.snapshot.entries|0|8192",
        "liferaft.raft.snapshot.wal-size|1KB|4MB",
      })
  void refusesNamingKeyValueAndAValidOne(String key, String value, String valid) {
    context
        .withPropertyValues(key + "=" + value)
        .run(started -> {
          assertThat(started).hasFailed();
          assertThat(started.getStartupFailure())
              .rootCause()
              .isInstanceOfSatisfying(
                  InvalidConfigurationPropertyValueException.class,
                  refusal -> {
                    assertThat(refusal.getName()).isEqualTo(key);
                    assertThat(String.valueOf(refusal.getValue())).isNotEmpty();
                    assertThat(refusal.getReason()).contains(valid);
                  });
        });
  }

  /** What others are told has to be what they can resolve, too. */
  @ParameterizedTest
  @CsvSource({"localhost,localhost:4001", "::1,[::1]:4001", "[::1],[::1]:4001"})
  void advertisesTheHttpAddressAsWritten(String address, String advertised) {
    context
        .withPropertyValues("server.address=" + address)
        .run(started ->
            assertThat(started.getBean(NodeConfig.class).httpAddress()).isEqualTo(advertised));
  }

  @Test
  void refusesAWildcardWithoutAnAdvertisedAddress() {
    context
        .withPropertyValues("liferaft.raft.address=0.0.0.0:4002")
        .run(started ->
            assertThat(started.getStartupFailure())
                .rootCause()
                .hasMessageContaining("liferaft.raft.advertised-address"));
  }

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties({
    NodeProperties.class,
    ClusterProperties.class,
    ServerProperties.class
  })
  static class Settings {
    @Bean
    NodeConfig nodeConfig(
        NodeProperties node,
        ClusterProperties cluster,
        ServerProperties server,
        Environment environment) {
      return new RaftConfiguration().nodeConfig(node, cluster, server, environment);
    }
  }
}
