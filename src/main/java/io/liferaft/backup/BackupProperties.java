package io.liferaft.backup;

import io.liferaft.go.GoUrl;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The automatic backup.
 *
 * @param target where backups go: a file or an object, for example s3://bucket/liferaft.sqlite.gz
 *     or file:/backups/liferaft.sqlite.gz (with several nodes one directory that all of them
 *     share); empty switches backups off
 * @param interval how often a backup is made when the database has changed, at least 1s
 * @param format how a backup is stored: plain is one object that holds the database file
 * @param compress whether the object is compressed with gzip
 * @param timestamp whether each backup is an object of its own, with the UTC time before the
 *     target's last part, of which none is ever replaced or deleted
 * @param vacuum whether a copy is vacuumed before it is stored, which needs twice its size of free
 *     disk in the data directory for a while
 * @param onStopTimeout how long a clean stop may take for a last backup; 0s makes none
 * @param rqliteConfig the JSON file of rqlite's -auto-backup, which then says target, interval,
 *     compress, timestamp and vacuum, and where S3 is; empty for none
 */
@Validated
@ConfigurationProperties(prefix = "liferaft.backup", ignoreUnknownFields = false)
record BackupProperties(
    @DefaultValue("") String target,
    @DefaultValue("10s") Duration interval,
    @DefaultValue("plain") String format,
    @DefaultValue("true") boolean compress,
    @DefaultValue("false") boolean timestamp,
    @DefaultValue("false") boolean vacuum,
    @DefaultValue("20s") Duration onStopTimeout,
    @DefaultValue("") String rqliteConfig) {

  private static final Duration SHORTEST_INTERVAL = Duration.ofSeconds(1);

  private static final String VALID_TARGET =
      "a valid one is s3://bucket/liferaft.sqlite.gz or file:/backups/liferaft.sqlite.gz";

  BackupProperties {
    target = target.strip();
    require(
        target.isEmpty() || target.startsWith("s3://") || target.startsWith("file:"),
        "target",
        target,
        "names no place that is known: " + VALID_TARGET);
    require(
        !target.endsWith("/"),
        "target",
        target,
        "ends in / and would be an archive, which this version does not write: " + VALID_TARGET);
    require(
        format.equals("plain"),
        "format",
        format,
        "is not a format this version writes: the valid one is plain");
    require(
        interval.compareTo(SHORTEST_INTERVAL) >= 0,
        "interval",
        interval,
        "is shorter than 1s (a number without a unit means milliseconds): a valid one is 10s");
    require(
        !onStopTimeout.isNegative(),
        "on-stop-timeout",
        onStopTimeout,
        "is negative: a valid one is 20s");
  }

  private static void require(boolean holds, String key, Object value, String why) {
    if (!holds) {
      throw new IllegalArgumentException(
          "liferaft.backup." + key + "=" + GoUrl.redacted(value.toString()) + " " + why);
    }
  }
}
