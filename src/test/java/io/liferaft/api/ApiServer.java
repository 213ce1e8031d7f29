package io.liferaft.api;

import io.liferaft.backup.BackupStatus;
import io.liferaft.queue.QueueConfiguration;
import io.liferaft.restore.RestoreState;
import io.liferaft.security.SecurityConfiguration;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import io.liferaft.support.TestRaftNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;

/** The api module in a real Tomcat, before a {@link TestRaftNode}. */
final class ApiServer implements AutoCloseable {

  final TestRaftNode raft;
  final RawHttp http;
  final ConfigurableApplicationContext context;
  final Switches switches;

  /** What a test turns on and off. */
  static final class Switches {
    volatile boolean restoreDown;
    volatile RestoreState restore = new RestoreState.Done("disabled");
    volatile BackupStatus backup =
        new BackupStatus(null, Duration.ZERO, BackupStatus.State.OFF, null, null, 0, null, null);
  }

  ApiServer(Path dataFolder, String... properties) {
    SpringApplication application = new SpringApplication(Slice.class);
    List<String> arguments =
        new java.util.ArrayList<>(
            List.of(
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--liferaft.node.data-dir=" + dataFolder,
                "--spring.threads.virtual.enabled=true",
                "--spring.cloud.aws.s3.enabled=false",
                "--spring.cloud.aws.region.static=eu-central-1",
                "--spring.main.banner-mode=off",
                "--spring.jmx.enabled=false",
                "--management.endpoints.web.exposure.include=health,prometheus",
                "--management.endpoint.health.group.readiness.include=readinessState,restore"));
    arguments.addAll(List.of(properties));
    context = application.run(arguments.toArray(String[]::new));
    raft = context.getBean(TestRaftNode.class);
    switches = context.getBean(Switches.class);
    http = new RawHttp(port());
  }

  int port() {
    return Integer.parseInt(
        String.valueOf(context.getEnvironment().getProperty("local.server.port")));
  }

  @Override
  public void close() {
    context.close();
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import({ApiConfiguration.class, QueueConfiguration.class, SecurityConfiguration.class})
  static class Slice {

    @Bean
    TestRaftNode raft() {
      return new TestRaftNode();
    }

    @Bean
    Switches switches() {
      return new Switches();
    }

    @Bean
    Supplier<RestoreState> restoreState(Switches switches) {
      return () -> switches.restore;
    }

    @Bean
    Supplier<BackupStatus> backupStatus(Switches switches) {
      return () -> switches.backup;
    }

    @Bean("restore")
    HealthIndicator restore(Switches switches) {
      return () -> (switches.restoreDown ? Health.down() : Health.up()).build();
    }

    /** Stands in for SQLite, which is tried in its own module. */
    @Bean
    @Primary
    SqlChecks checks(ObjectProvider<SqliteStore> store) {
      return new SqlChecks(
          sql -> sql.toLowerCase(Locale.ROOT).contains("journal_mode"),
          (file, longest) -> {
            if (read(file).startsWith("-- too long")) {
              throw new SqliteException.StatementTooLong(3, 70, longest);
            }
            return SqliteStore.statementsOf(file, longest);
          },
          file -> {
            if (!read(file).endsWith("whole")) {
              throw new SqliteException.InvalidDatabase("file is not a database", null);
            }
          },
          statement -> statement.sql().startsWith("SELECT"));
    }

    private static String read(Path file) {
      try {
        return Files.readString(file, StandardCharsets.ISO_8859_1);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
