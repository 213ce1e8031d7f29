package io.liferaft.restore;

import io.liferaft.archive.RestorePoint;
import io.liferaft.go.GoUrl;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The automatic restore of a fresh cluster.
 *
 * @param enabled whether a fresh cluster is restored; by default when there is a source
 * @param source where from, for example s3://bucket/liferaft.sqlite.gz or, with a slash at its end,
 *     an archive: file:/backups/liferaft/; by default the backup target, then the second one
 * @param point which backup of an archive: latest, an id, index:41415 for the last one without a
 *     change after that index, or time:2026-11-29T01:02:03Z for the last one made no later. For one
 *     restore: take it out again when that is over
 * @param onFailure what a cluster does whose restore keeps failing: hold waits for ever and serves
 *     nobody, start-empty gives up after three attempts
 * @param rqliteConfig the JSON file of rqlite's -auto-restore, which then says source, on-failure
 *     and where S3 is; empty for none
 */
@ConfigurationProperties(prefix = "liferaft.restore", ignoreUnknownFields = false)
record RestoreProperties(
    @Nullable Boolean enabled,
    @Nullable String source,
    @DefaultValue("latest") String point,
    @DefaultValue("hold") OnFailure onFailure,
    @DefaultValue("") String rqliteConfig) {

  /** What follows when attempts keep failing. */
  enum OnFailure {
    HOLD,
    START_EMPTY
  }

  private static final String VALID_SOURCE =
      "a valid one is s3://bucket/liferaft.sqlite.gz or file:/backups/liferaft.sqlite.gz";

  RestoreProperties {
    try {
      RestorePoint _ = RestorePoint.parse(point);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "liferaft.restore.point=" + point + " is refused: " + e.getMessage(), e);
    }
    if (source != null) {
      source = source.strip();
      if (source.isEmpty()) {
        source = null;
      } else if (!source.startsWith("s3://") && !source.startsWith("file:")) {
        throw new IllegalArgumentException(
            "liferaft.restore.source="
                + GoUrl.redacted(source)
                + " names no place that is known: "
                + VALID_SOURCE);
      }
    }
  }

  RestorePoint restorePoint() {
    return RestorePoint.parse(point);
  }

  /**
   * Where to look when the first backup target, which is the source, has nothing or keeps failing.
   *
   * @param secondTarget empty when there is none
   * @return null for nowhere: a source that is set stands alone
   */
  @Nullable String effectiveSecond(String secondTarget) {
    boolean alone = source != null || Boolean.FALSE.equals(enabled) || secondTarget.isBlank();
    return alone ? null : secondTarget.strip();
  }

  /**
   * Where to restore from.
   *
   * @param backupTarget null or empty when backup is off
   * @return null when nothing is to be restored
   * @throws IllegalArgumentException when a restore is asked for and there is no source
   */
  @Nullable String effectiveSource(@Nullable String backupTarget) {
    String from = source;
    if (from == null && backupTarget != null && !backupTarget.isBlank()) {
      from = backupTarget.strip();
    }
    if (from == null && Boolean.TRUE.equals(enabled)) {
      throw new IllegalArgumentException(
          "liferaft.restore.enabled=true needs a place to restore from: set liferaft.restore.source"
              + " or liferaft.backup.target; "
              + VALID_SOURCE);
    }
    return Boolean.FALSE.equals(enabled) ? null : from;
  }
}
