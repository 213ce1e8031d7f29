package io.liferaft.backup;

import io.liferaft.archive.RetentionPolicy;
import io.liferaft.go.GoUrl;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The automatic backup.
 *
 * @param target where backups go: a file or an object, for example s3://bucket/liferaft.sqlite.gz
 *     or file:/backups/liferaft.sqlite.gz, or with a slash at its end an archive of many backups,
 *     for example s3://bucket/liferaft/ or file:/backups/liferaft/ (with several nodes one
 *     directory that all of them share); empty switches backups off
 * @param secondTarget a second place that every backup goes to as well, independent of the first
 *     one, in the same forms; another one than target, and in the format that its own end says;
 *     empty for none
 * @param interval how often a backup is made when the database has changed, at least 1s
 * @param format how a backup is stored: plain is one object that holds the database file, archive
 *     is a place of many backups of which each adds what changed; by default as the target's end
 *     says
 * @param compress whether what is stored is compressed, with gzip or, in an archive, zstd
 * @param timestamp whether each backup is an object of its own, with the UTC time before the
 *     target's last part, of which none is ever replaced or deleted; of both targets, but for one
 *     that is an archive
 * @param vacuum whether a copy is vacuumed before it is stored, which needs twice its size of free
 *     disk in the data directory for a while
 * @param onStopTimeout how long a clean stop may take for a last backup; 0s makes none
 * @param drillInterval how often a node that does not lead tries whether the newest backup can be
 *     restored; 0s for never
 * @param preflight whether every node tries after its start what backups ask of their store
 * @param rqliteConfig the JSON file of rqlite's -auto-backup, which then says target, interval,
 *     compress, timestamp and vacuum, and where S3 is; empty for none
 * @param retention which restore points of an archive stay
 */
@ConfigurationProperties(prefix = "liferaft.backup", ignoreUnknownFields = false)
record BackupProperties(
    @DefaultValue("") String target,
    @DefaultValue("") String secondTarget,
    @DefaultValue("10s") Duration interval,
    @DefaultValue("") String format,
    @DefaultValue("true") boolean compress,
    @DefaultValue("false") boolean timestamp,
    @DefaultValue("false") boolean vacuum,
    @DefaultValue("20s") Duration onStopTimeout,
    @DefaultValue("24h") Duration drillInterval,
    @DefaultValue("true") boolean preflight,
    @DefaultValue("") String rqliteConfig,
    @DefaultValue Retention retention) {

  /**
   * Which restore points of an archive stay; the others are deleted.
   *
   * @param keepAll how long every restore point stays
   * @param hourly for how many hours, of those that have one, the newest restore point stays
   * @param daily for how many days (UTC), of those that have one, the newest restore point stays
   * @param weekly for how many weeks (from Monday), of those that have one, the newest restore
   *     point stays
   * @param monthly for how many months, of those that have one, the newest restore point stays
   * @param minimum how many of the newest restore points stay in any case, at least 1
   * @param delete whether anything is deleted at all; false for buckets with Object Lock or
   *     life-cycle rules of their own
   * @param interval how often the leader deletes what need not stay
   */
  record Retention(
      @DefaultValue("24h") Duration keepAll,
      @DefaultValue("48") int hourly,
      @DefaultValue("31") int daily,
      @DefaultValue("8") int weekly,
      @DefaultValue("12") int monthly,
      @DefaultValue("10") int minimum,
      @DefaultValue("true") boolean delete,
      @DefaultValue("1h") Duration interval) {

    private static final String NEGATIVE = "is negative: a valid one is ";

    Retention {
      require(!keepAll.isNegative(), "retention.keep-all", keepAll, NEGATIVE + "24h");
      require(hourly >= 0, "retention.hourly", hourly, NEGATIVE + "48");
      require(daily >= 0, "retention.daily", daily, NEGATIVE + "31");
      require(weekly >= 0, "retention.weekly", weekly, NEGATIVE + "8");
      require(monthly >= 0, "retention.monthly", monthly, NEGATIVE + "12");
      require(minimum >= 1, "retention.minimum", minimum, "is less than 1: a valid one is 10");
      require(
          interval.compareTo(SHORTEST_INTERVAL) >= 0,
          "retention.interval",
          interval,
          "is shorter than 1s (a number without a unit means milliseconds): a valid one is 1h");
    }

    RetentionPolicy policy() {
      return new RetentionPolicy(keepAll, hourly, daily, weekly, monthly, minimum);
    }
  }

  private static final Duration SHORTEST_INTERVAL = Duration.ofSeconds(1);
  private static final Duration SHORTEST_DRILL_INTERVAL = Duration.ofMinutes(1);

  private static final String PLAIN = "plain";
  private static final String ARCHIVE = "archive";

  private static final String VALID_TARGET =
      "a valid one is s3://bucket/liferaft.sqlite.gz or file:/backups/liferaft.sqlite.gz";

  BackupProperties {
    target = target.strip();
    require(
        target.isEmpty() || target.startsWith("s3://") || target.startsWith("file:"),
        "target",
        target,
        "names no place that is known: " + VALID_TARGET);
    secondTarget = secondTarget.strip();
    require(
        secondTarget.isEmpty()
            || secondTarget.startsWith("s3://")
            || secondTarget.startsWith("file:"),
        "second-target",
        secondTarget,
        "names no place that is known: " + VALID_TARGET);
    require(
        secondTarget.isEmpty() || !target.isEmpty(),
        "second-target",
        secondTarget,
        "is set and liferaft.backup.target is not: set that first, for example to"
            + " s3://bucket/liferaft.sqlite.gz");
    boolean archive = target.endsWith("/");
    format = format.isBlank() ? archive ? ARCHIVE : PLAIN : format.strip();
    require(
        format.equals(PLAIN) || format.equals(ARCHIVE),
        "format",
        format,
        "is no format: valid ones are plain and archive");
    require(
        target.isEmpty() || format.equals(archive ? ARCHIVE : PLAIN),
        "format",
        format,
        archive
            ? "does not fit the target, which ends with a slash and so is an archive: leave it out"
            : "does not fit the target, which names one object: a valid target is"
                + " s3://bucket/liferaft/ or file:/backups/liferaft/");
    require(
        !(timestamp && archive && (secondTarget.isEmpty() || secondTarget.endsWith("/"))),
        "timestamp",
        timestamp,
        "has no meaning for an archive, which keeps every backup: leave it out");
    require(
        interval.compareTo(SHORTEST_INTERVAL) >= 0,
        "interval",
        interval,
        "is shorter than 1s (a number without a unit means milliseconds): a valid one is 10s");
    require(
        drillInterval.isZero() || drillInterval.compareTo(SHORTEST_DRILL_INTERVAL) >= 0,
        "drill-interval",
        drillInterval,
        "is shorter than 1m (a number without a unit means milliseconds): a valid one is 24h");
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
