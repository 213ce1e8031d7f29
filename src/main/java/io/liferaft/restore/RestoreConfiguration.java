package io.liferaft.restore;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.backup.SafetyBackup;
import io.liferaft.go.GoUrl;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.SqliteStore;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The restore service and what reports on it. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RestoreProperties.class)
public class RestoreConfiguration {

  RestoreConfiguration() {}

  /** Settings of other modules, which this one only reads: the records that own them are theirs. */
  @Bean
  RestoreService restoreService(
      RestoreProperties properties,
      BackupArchives places,
      RaftNode node,
      ObjectProvider<Clock> clocks,
      Environment environment) {
    Clock clock = clocks.getIfAvailable(Clock::systemUTC);
    String target = environment.getProperty("liferaft.backup.target", "").strip();
    String backupTarget = target.isEmpty() ? null : target;
    String secondTarget = environment.getProperty("liferaft.backup.second-target", "").strip();
    List<String> targets =
        Stream.of(target, secondTarget).filter(place -> !place.isEmpty()).toList();
    boolean timestamp = environment.getProperty("liferaft.backup.timestamp", Boolean.class, false);
    BackupArchives archives =
        timestamp && !targets.isEmpty() ? newestFirst(places, targets) : places;
    String source =
        location(
            archives,
            properties.source() == null ? "liferaft.backup.target" : "liferaft.restore.source",
            properties.effectiveSource(backupTarget));
    String second =
        location(
            archives, "liferaft.backup.second-target", properties.effectiveSecond(secondTarget));
    RestoreFolder folder =
        new RestoreFolder(Path.of(environment.getProperty("liferaft.node.data-dir", "./data")));
    return new RestoreService(
        properties.onFailure(),
        source,
        second,
        node,
        clock,
        new SecureRandom(),
        folder,
        (states, leading) ->
            new RestoreAttempt(
                archives,
                properties.restorePoint(),
                node,
                clock,
                SqliteStore::verify,
                folder,
                targets,
                states,
                leading));
  }

  /** The backups' places are opened as the backups do, every other one as it is named. */
  static BackupArchives newestFirst(BackupArchives places, List<String> backupTargets) {
    return (target, compress) -> {
      BackupArchive named = places.open(target, compress);
      return backupTargets.stream()
              .map(backups -> places.open(backups, compress).address())
              .anyMatch(named.address()::equals)
          ? places.open(target, compress, false, true)
          : named;
    };
  }

  private static @Nullable String location(
      BackupArchives archives, String setting, @Nullable String source) {
    if (source == null) {
      return null;
    }
    try {
      return archives.open(source, true).location();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          setting + "=" + GoUrl.redacted(source) + " is refused: " + e.getMessage(), e);
    }
  }

  @Bean
  Supplier<RestoreState> restoreState(RestoreService service) {
    return service::state;
  }

  @Bean
  RestoreOrigin restoreOrigin(
      RestoreService service, BackupArchives places, RaftNode node, Environment environment) {
    List<RestoreOrigin.Target> targets =
        Stream.of(
                target("first", places, environment.getProperty("liferaft.backup.target")),
                target("second", places, environment.getProperty("liferaft.backup.second-target")))
            .flatMap(Optional::stream)
            .toList();
    return new RestoreOrigin(node, service::restored, targets);
  }

  private static Optional<RestoreOrigin.Target> target(
      String name, BackupArchives places, @Nullable String setting) {
    return Optional.ofNullable(setting)
        .filter(place -> !place.isBlank())
        .map(place -> places.open(place.strip(), true))
        .map(place -> new RestoreOrigin.Target(name, place.location(), place.fingerprint()));
  }

  @Bean
  RestoreHealthIndicator restoreHealthIndicator(
      RaftNode node, RestoreService service, RestoreOrigin origin) {
    return new RestoreHealthIndicator(
        node, service::state, service::lastFailure, service::turnedToSecond, origin::details);
  }

  /** From where a fresh cluster would be restored, also when that is off. */
  @Bean
  InPlaceRestore inPlaceRestore(
      RestoreProperties properties,
      BackupArchives places,
      RaftNode node,
      ObjectProvider<Clock> clocks,
      ObjectProvider<Supplier<SafetyBackup>> safety,
      Environment environment) {
    String target = environment.getProperty("liferaft.backup.target", "").strip();
    boolean timestamp = environment.getProperty("liferaft.backup.timestamp", Boolean.class, false);
    String source = properties.source() == null ? target : properties.source();
    BackupArchives archives =
        timestamp && !target.isEmpty() ? newestFirst(places, List.of(target)) : places;
    return new InPlaceRestore(
        source.isEmpty() ? null : archives.open(source, true),
        node,
        clocks.getIfAvailable(Clock::systemUTC),
        SqliteStore::verify,
        new RestoreFolder(
            Path.of(environment.getProperty("liferaft.node.data-dir", "./data")).resolve("tmp")),
        () -> {
          Supplier<SafetyBackup> backup = safety.getIfAvailable();
          return backup == null ? new SafetyBackup(false, "Backup is off") : backup.get();
        },
        work -> Thread.ofVirtual().name("liferaft-restore-in-place").start(work));
  }

  @Bean
  RestoreEndpoint restoreEndpoint(
      RestoreService service,
      RestoreOrigin origin,
      InPlaceRestore inPlace,
      RaftNode node,
      ObjectProvider<Clock> clocks) {
    return new RestoreEndpoint(
        service, origin, inPlace, node, clocks.getIfAvailable(Clock::systemUTC));
  }

  @Bean
  RestoreMetrics restoreMetrics(RestoreService service, InPlaceRestore inPlace, RaftNode node) {
    return new RestoreMetrics(service, inPlace, node);
  }
}
