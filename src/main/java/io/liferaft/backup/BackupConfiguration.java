package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.go.GoUrl;
import io.liferaft.objectstore.ObjectStores;
import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.SqliteStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The backup scheduler and what reports on it. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(BackupProperties.class)
class BackupConfiguration {

  @Bean
  BackupMetrics backupMetrics(MeterRegistry registry) {
    return new BackupMetrics(registry);
  }

  @Bean
  BackupScheduler backupScheduler(
      BackupProperties properties,
      BackupArchives archives,
      RaftNode node,
      ObjectProvider<Clock> clock,
      BackupMetrics metrics,
      Environment environment) {
    return new BackupScheduler(
        properties,
        archive(properties, archives, aloneFrom(environment)),
        node,
        clock.getIfAvailable(Clock::systemUTC),
        new SecureRandom(),
        metrics,
        properties.vacuum() ? new Vacuuming(temporaryFolder(environment)) : null);
  }

  private static Path temporaryFolder(Environment environment) {
    return Path.of(environment.getProperty("liferaft.node.data-dir", "./data")).resolve("tmp");
  }

  /** A lone node makes the directory of its backups; the one that several share has to be there. */
  private static boolean aloneFrom(Environment environment) {
    return !environment.getProperty("liferaft.raft.initial-cluster", "").contains(",");
  }

  private static @Nullable BackupArchive archive(
      BackupProperties properties, BackupArchives archives, boolean alone) {
    if (properties.target().isEmpty()) {
      return null;
    }
    if (archives.encrypts() && !properties.target().endsWith("/")) {
      throw new IllegalArgumentException(
          "liferaft.backup.target="
              + GoUrl.redacted(properties.target())
              + " is one plain object, which is never encrypted, and"
              + " liferaft.archive.encryption.key-id is set: let the target end with a slash, as"
              + " s3://bucket/prefix/, or leave the key id away");
    }
    try {
      return archives.open(
          properties.target(), properties.compress(), alone, properties.timestamp());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "liferaft.backup.target="
              + GoUrl.redacted(properties.target())
              + " is refused: "
              + e.getMessage(),
          e);
    }
  }

  @Bean
  Supplier<BackupStatus> backupStatus(BackupScheduler scheduler) {
    return scheduler::status;
  }

  @Bean
  Supplier<SafetyBackup> safetyBackup(BackupScheduler scheduler) {
    return scheduler::backUpForSafety;
  }

  @Bean
  BackupGauges backupGauges(
      BackupScheduler scheduler,
      BackupPreflight preflight,
      RaftNode node,
      ObjectProvider<Clock> clock) {
    return new BackupGauges(scheduler, preflight, node, clock.getIfAvailable(Clock::systemUTC));
  }

  @Bean
  VerifiedPoints verifiedPoints() {
    return new VerifiedPoints();
  }

  @Bean
  ClusterVerification clusterVerification(BackupScheduler scheduler, RaftNode node) {
    return new ClusterVerification(node, scheduler.archive());
  }

  @Bean
  RestorePointFiles restorePointFiles(
      BackupScheduler scheduler,
      VerifiedPoints verified,
      ObjectProvider<Clock> clock,
      Environment environment) {
    return new RestorePointFiles(
        scheduler.archive(),
        clock.getIfAvailable(Clock::systemUTC),
        temporaryFolder(environment).resolve("restore-points"),
        SqliteStore::verify,
        verified);
  }

  @Bean
  BackupDrill backupDrill(
      BackupProperties properties,
      BackupScheduler scheduler,
      VerifiedPoints verified,
      ClusterVerification cluster,
      RaftNode node,
      ObjectProvider<Clock> clock,
      Environment environment) {
    return new BackupDrill(
        properties.drillInterval(),
        scheduler.archive(),
        node,
        clock.getIfAvailable(Clock::systemUTC),
        new SecureRandom(),
        temporaryFolder(environment).resolve("drill"),
        SqliteStore::verify,
        verified,
        cluster);
  }

  @Bean
  DrillMetrics drillMetrics(
      BackupDrill drill, ClusterVerification cluster, ObjectProvider<Clock> clock) {
    return new DrillMetrics(drill, cluster, clock.getIfAvailable(Clock::systemUTC));
  }

  @Bean
  DrillEndpoint drillEndpoint(BackupDrill drill, ClusterVerification cluster) {
    return new DrillEndpoint(drill, cluster);
  }

  @Bean
  BackupHealthIndicator backupHealthIndicator(
      BackupScheduler scheduler, BackupDrill drill, ClusterVerification cluster) {
    return new BackupHealthIndicator(scheduler, drill::last, cluster);
  }

  @Bean
  BackupsEndpoint backupsEndpoint(
      BackupScheduler scheduler,
      BackupProperties properties,
      RestorePointFiles files,
      VerifiedPoints verified,
      ClusterVerification cluster,
      ObjectProvider<Clock> clock) {
    return new BackupsEndpoint(
        scheduler.archive(),
        files,
        verified,
        cluster,
        properties.retention().policy(),
        clock.getIfAvailable(Clock::systemUTC));
  }

  @Bean
  BackupPreflight backupPreflight(
      BackupProperties properties,
      BackupScheduler scheduler,
      ObjectProvider<ObjectStores> stores,
      RaftNode node,
      ObjectProvider<Clock> clock,
      Environment environment) {
    BackupArchive archive = scheduler.archive();
    Supplier<List<PreflightFinding>> trial =
        archive == null
            ? null
            : () ->
                stores
                    .getObject()
                    .preflight(
                        ObjectStores.parse(properties.target()),
                        aloneFrom(environment),
                        archive.keepsEarlier() && properties.retention().delete(),
                        Integer.toHexString(node.status().id().hashCode()));
    return new BackupPreflight(
        properties.preflight(),
        archive == null ? "" : archive.location(),
        trial,
        clock.getIfAvailable(Clock::systemUTC));
  }

  @Bean
  BackupEndpoint backupEndpoint(
      BackupScheduler scheduler, RaftNode node, BackupPreflight preflight) {
    return new BackupEndpoint(scheduler, node, Duration.ofSeconds(30), preflight);
  }
}
