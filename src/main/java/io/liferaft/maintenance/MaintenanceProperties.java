package io.liferaft.maintenance;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the leader has done to the database at intervals.
 *
 * @param vacuumInterval time between VACUUMs, at least 1s; 0s for never. Writes wait while one runs
 * @param analyzeInterval time between looks for tables whose statistics are missing or ten times
 *     off, which are then analyzed, at least 1s; 0s for never
 */
@ConfigurationProperties(prefix = "liferaft.maintenance", ignoreUnknownFields = false)
record MaintenanceProperties(
    @DefaultValue("0s") Duration vacuumInterval, @DefaultValue("0s") Duration analyzeInterval) {

  private static final Duration SHORTEST = Duration.ofSeconds(1);

  MaintenanceProperties {
    require("vacuum-interval", vacuumInterval);
    require("analyze-interval", analyzeInterval);
  }

  private static void require(String key, Duration interval) {
    if (!interval.isZero() && interval.compareTo(SHORTEST) < 0) {
      throw new IllegalArgumentException(
          "liferaft.maintenance.%s=%s must be 0s for never or at least 1s: a valid one is 24h"
              .formatted(key, interval));
    }
  }
}
