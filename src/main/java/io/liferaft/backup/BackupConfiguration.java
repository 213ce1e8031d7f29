package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.objectstore.ObjectStores;
import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.SqliteStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The backup scheduler and what reports on it. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(BackupProperties.class)
public class BackupConfiguration {

  BackupConfiguration() {}

  @Bean
  BackupMetrics backupMetrics(MeterRegistry registry) {
    return new BackupMetrics(registry, TargetRole.FIRST);
  }

  /** Shared by the two targets' rounds. */
  @Bean
  OpenCopies openCopies(Environment environment) {
    return new OpenCopies(temporaryFolder(environment), Duration.ofSeconds(5));
  }

  @Bean
  BackupScheduler backupScheduler(
      BackupProperties properties,
      BackupArchives archives,
      OpenCopies copies,
      RaftNode node,
      ObjectProvider<Clock> clock,
      BackupMetrics metrics,
      Environment environment) {
    return new BackupScheduler(
        TargetRole.FIRST,
        properties,
        new BackupPlaces(properties, archives, aloneFrom(environment)).first(),
        node,
        clock.getIfAvailable(Clock::systemUTC),
        new SecureRandom(),
        metrics,
        new CopySource(
            node,
            properties.vacuum() ? new Vacuuming(temporaryFolder(environment)) : null,
            properties.secondTarget().isEmpty() ? null : copies));
  }

  @Bean
  SecondTarget secondTarget(
      BackupProperties properties,
      BackupArchives archives,
      OpenCopies copies,
      RaftNode node,
      ObjectProvider<Clock> clock,
      MeterRegistry registry,
      Environment environment) {
    BackupArchive archive = new BackupPlaces(properties, archives, aloneFrom(environment)).second();
    if (archive == null) {
      return new SecondTarget(null);
    }
    return new SecondTarget(
        new BackupScheduler(
            TargetRole.SECOND,
            properties,
            archive,
            node,
            clock.getIfAvailable(Clock::systemUTC),
            new SecureRandom(),
            new BackupMetrics(registry, TargetRole.SECOND),
            new CopySource(
                node,
                properties.vacuum()
                    ? new Vacuuming(temporaryFolder(environment).resolve("second"))
                    : null,
                copies)));
  }

  private static Path temporaryFolder(Environment environment) {
    return Path.of(environment.getProperty("liferaft.node.data-dir", "./data")).resolve("tmp");
  }

  /** A lone node makes the directory of its backups; the one that several share has to be there. */
  private static boolean aloneFrom(Environment environment) {
    return !environment.getProperty("liferaft.raft.initial-cluster", "").contains(",");
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
      SecondTarget second,
      BackupPreflight preflight,
      RaftNode node,
      ObjectProvider<Clock> clock) {
    return new BackupGauges(
        scheduler, second, preflight, node, clock.getIfAvailable(Clock::systemUTC));
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
      BackupScheduler scheduler,
      SecondTarget second,
      BackupDrill drill,
      ClusterVerification cluster) {
    return new BackupHealthIndicator(scheduler, second, drill::last, cluster);
  }

  @Bean
  BackupsEndpoint backupsEndpoint(
      RaftNode node,
      BackupScheduler scheduler,
      BackupProperties properties,
      RestorePointFiles files,
      VerifiedPoints verified,
      ClusterVerification cluster,
      ObjectProvider<Clock> clock) {
    return new BackupsEndpoint(
        node,
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
      SecondTarget second,
      ObjectProvider<ObjectStores> stores,
      RaftNode node,
      ObjectProvider<Clock> clock,
      Environment environment) {
    BackupArchive archive = scheduler.archive();
    Supplier<List<PreflightFinding>> trial =
        archive == null
            ? null
            : () -> {
              Function<String, List<PreflightFinding>> preflight =
                  target -> {
                    ObjectStores.Location location = ObjectStores.parse(target);
                    return stores
                        .getObject()
                        .preflight(
                            location,
                            aloneFrom(environment),
                            location.many() && properties.retention().delete(),
                            Integer.toHexString(node.status().id().hashCode()));
                  };
              List<PreflightFinding> findings =
                  new ArrayList<>(preflight.apply(properties.target()));
              findings.addAll(archive.preflight());
              BackupScheduler other = second.scheduler();
              BackupArchive place = other == null ? null : other.archive();
              if (place != null) {
                Stream.of(preflight.apply(properties.secondTarget()), place.preflight())
                    .flatMap(List::stream)
                    .forEach(finding -> findings.add(ofSecond(finding)));
              }
              return findings;
            };
    return new BackupPreflight(
        properties.preflight(),
        archive == null ? "" : archive.location(),
        trial,
        clock.getIfAvailable(Clock::systemUTC));
  }

  private static PreflightFinding ofSecond(PreflightFinding finding) {
    return new PreflightFinding(
        "second-" + finding.check(), finding.result(), finding.detail(), finding.advice());
  }

  @Bean
  BackupEndpoint backupEndpoint(
      BackupScheduler scheduler, SecondTarget second, RaftNode node, BackupPreflight preflight) {
    return new BackupEndpoint(scheduler, second, node, Duration.ofSeconds(30), preflight);
  }
}
