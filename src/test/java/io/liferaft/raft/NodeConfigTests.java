package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.DiskFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.ssl.SslBundles;
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
      assertThat(config.cutting())
          .isEqualTo(new LogCutting(8192, 4 * 1024 * 1024, 32 * 1024 * 1024));
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
            "liferaft.raft.snapshot.wal-size=1MB",
            "liferaft.raft.snapshot.trailing-log=0B")
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
          assertThat(config.cutting()).isEqualTo(new LogCutting(10, 1024 * 1024, 0));
        });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "liferaft.raft.address|nonsense|127.0.0.1:4002",
        "liferaft.raft.address|h:99999|127.0.0.1:4002",
        "liferaft.raft.advertised-address|0.0.0.0:4002|node1.example.org:4002",
        "liferaft.raft.advertised-address|:4002|node1.example.org:4002",
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
        "liferaft.raft.tls.bundle|nowhere|node",
        "liferaft.raft.tls.verify-common-name|node|verify-client=true",
        "liferaft.raft.election-timeout|1ms|1s",
        "liferaft.raft.snapshot.entries|0|8192",
        "liferaft.raft.snapshot.wal-size|1KB|4MB",
        "liferaft.raft.snapshot.trailing-log|-1MB|32MB",
        "liferaft.raft.snapshot.trailing-log|17GB|32MB",
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

  @Test
  void refusesTheDataDirectoryOfAnotherNode(@TempDir Path folder) throws IOException {
    NodeIdentity.create("n1", "127.0.0.1:5002", false).write(folder, new DiskFiles());
    ApplicationContextRunner there = context.withPropertyValues("liferaft.node.data-dir=" + folder);

    there.run(started ->
        assertThat(started)
            .getFailure()
            .rootCause()
            .isInstanceOfSatisfying(
                InvalidConfigurationPropertyValueException.class,
                refusal -> {
                  assertThat(refusal.getName()).isEqualTo("liferaft.node.id");
                  assertThat(refusal.getValue()).isEqualTo("127.0.0.1:4002");
                  assertThat(refusal.getReason())
                      .contains("belongs to node n1: set liferaft.node.id=n1");
                }));
    there
        .withPropertyValues("liferaft.node.id=n1")
        .run(started -> assertThat(started).hasNotFailed());
    Files.writeString(NodeIdentity.file(folder), "damaged");
    there.run(started -> assertThat(started).as("is for the node to tell").hasNotFailed());
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
  void advertisesItsUrl() {
    context.run(started ->
        assertThat(started.getBean(NodeConfig.class).httpUrl()).isEqualTo("http://127.0.0.1:4001"));
    context
        .withPropertyValues("server.ssl.bundle=http")
        .run(started ->
            assertThat(started.getBean(NodeConfig.class).httpUrl())
                .isEqualTo("https://127.0.0.1:4001"));
  }

  /** As in Go, and in rqlited's flags. */
  @Test
  void takesAnEmptyHostToBindToForEveryAddress() {
    context
        .withPropertyValues("liferaft.raft.address=:5002", "liferaft.raft.advertised-address=h:1")
        .run(started ->
            assertThat(started.getBean(NodeConfig.class).raftBind())
                .isEqualTo(new HostPort("0.0.0.0", 5002)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0:4002", "[::]:4002", ":4002"})
  void refusesAWildcardWithoutAnAdvertisedAddress(String wildcard) {
    context
        .withPropertyValues("liferaft.raft.address=" + wildcard)
        .run(started ->
            assertThat(started.getStartupFailure())
                .rootCause()
                .hasMessageContaining("liferaft.raft.advertised-address"));
  }

  @Test
  void takesEverySettingOfJoiningAndLeaving() {
    context
        .withPropertyValues(
            "liferaft.raft.join=h1:4002, h2:4002",
            "liferaft.raft.join-attempts=7",
            "liferaft.raft.join-interval=1s",
            "liferaft.raft.bootstrap-expect=3",
            "liferaft.raft.bootstrap-expect-timeout=1m",
            "liferaft.raft.remove-on-shutdown=true",
            "liferaft.raft.reap.voters-after=72h",
            "liferaft.raft.reap.non-voters-after=1h")
        .run(started -> {
          NodeConfig config = started.getBean(NodeConfig.class);
          assertThat(config.join())
              .isEqualTo(
                  new JoinPlan(
                      new JoinPlan.Contacts.Addresses(List.of("h1:4002", "h2:4002")),
                      7,
                      Duration.ofSeconds(1),
                      3,
                      Duration.ofMinutes(1),
                      false));
          assertThat(config.leaving())
              .isEqualTo(new Leaving(true, Duration.ofHours(72), Duration.ofHours(1)));
        });
  }

  @Test
  void findsMembersByDns() {
    context
        .withPropertyValues(
            "liferaft.raft.discovery.mode=dns",
            "liferaft.raft.discovery.name=db",
            "liferaft.raft.bootstrap-expect=3")
        .run(started ->
            assertThat(started.getBean(NodeConfig.class).join().contacts())
                .isEqualTo(new JoinPlan.Contacts.DnsName("db", 4002)));
    context
        .withPropertyValues(
            "liferaft.raft.discovery.mode=dns-srv",
            "liferaft.raft.discovery.name=db",
            "liferaft.raft.discovery.service=raft",
            "liferaft.raft.non-voter=true")
        .run(started ->
            assertThat(started.getBean(NodeConfig.class).join().contacts())
                .isEqualTo(new JoinPlan.Contacts.DnsService("db", "raft")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "join=h1|||for example h1:4002,h2:4002",
        "join=127.0.0.1:4002|||this node itself",
        "bootstrap-expect=3|||it needs liferaft.raft.join",
        "bootstrap-expect=-1|join=h1:1||between 0 and 99",
        "bootstrap-expect=2|join=h1:1|non-voter=true|a node that does not vote founds nothing",
        "non-voter=true|||needs liferaft.raft.join",
        "join=h1:1|initial-cluster=127.0.0.1:4002=127.0.0.1:4002||a node has a list of members, or joins",
        "join-attempts=0|join=h1:1||at least 1, for example 5",
        "join-interval=0s|join=h1:1||for example 3s",
        "bootstrap-expect-timeout=-1s|join=h1:1||for example 120s",
        "discovery.mode=dns|bootstrap-expect=3||a DNS name is wanted",
        "discovery.mode=dns|discovery.name=db||discovery needs it on a node that votes",
        "discovery.mode=dns|discovery.name=db|join=h1:1|give one of them",
        "discovery.mode=dns-srv|discovery.name=db|bootstrap-expect=3|a service name is wanted",
        "reap.voters-after=0s|||for example 72h",
      })
  void refusesWaysToJoinThatCannotBe(
      String first, @Nullable String second, @Nullable String third, String sentence) {
    String[] settings =
        Stream.of(first, second, third)
            .filter(Objects::nonNull)
            .map(setting -> "liferaft.raft." + setting)
            .toArray(String[]::new);
    context
        .withPropertyValues(settings)
        .run(started ->
            assertThat(started.getStartupFailure())
                .rootCause()
                .isInstanceOf(InvalidConfigurationPropertyValueException.class)
                .extracting(
                    failure -> ((InvalidConfigurationPropertyValueException) failure).getReason())
                .asString()
                .contains(sentence));
  }

  @Test
  void showsNoPasswordOfAnAddressThatIsNoneOfOurs() {
    context
        .withPropertyValues("liferaft.raft.join=h2:4002,http://app:geheim@h1:4002/x")
        .run(started ->
            assertThat(started.getStartupFailure())
                .rootCause()
                .isInstanceOfSatisfying(
                    InvalidConfigurationPropertyValueException.class,
                    failure -> {
                      assertThat(failure.getReason()).startsWith("'http://...@h1:4002/x' is not");
                      assertThat(failure.getValue()).isEqualTo("h2:4002,http://...@h1:4002/x");
                    }));
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
        Environment environment,
        ObjectProvider<SslBundles> bundles) {
      return new RaftConfiguration().nodeConfig(node, cluster, server, environment, bundles);
    }
  }
}
