package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.go.GoUrl;
import org.jspecify.annotations.Nullable;

/** Opens the places that the settings name, or refuses them; no network. */
final class BackupPlaces {

  private final BackupProperties properties;
  private final BackupArchives archives;
  private final boolean alone;

  /**
   * @param alone whether this node has its directories to itself
   */
  BackupPlaces(BackupProperties properties, BackupArchives archives, boolean alone) {
    this.properties = properties;
    this.archives = archives;
    this.alone = alone;
  }

  /**
   * Null when backup is off.
   *
   * @throws IllegalArgumentException naming the setting and its value
   */
  @Nullable BackupArchive first() {
    return open(TargetRole.FIRST, properties.target());
  }

  /**
   * Null when there is no second target.
   *
   * @throws IllegalArgumentException naming the setting and its value, also when it is the first
   *     one's place
   */
  @Nullable BackupArchive second() {
    BackupArchive first = first();
    BackupArchive second = open(TargetRole.SECOND, properties.secondTarget());
    if (first != null
        && second != null
        && (first.fingerprint().equals(second.fingerprint())
            || withoutSlash(first.address()).equals(withoutSlash(second.address())))) {
      throw new IllegalArgumentException(
          "liferaft.backup.second-target="
              + GoUrl.redacted(properties.secondTarget())
              + " is the place that liferaft.backup.target names: set another one, best in another"
              + " bucket or on another machine, for example s3://other-bucket/liferaft.sqlite.gz");
    }
    return second;
  }

  private static String withoutSlash(String address) {
    return address.endsWith("/") ? address.substring(0, address.length() - 1) : address;
  }

  private @Nullable BackupArchive open(TargetRole role, String target) {
    if (target.isEmpty()) {
      return null;
    }
    if (archives.encrypts() && !target.endsWith("/")) {
      throw new IllegalArgumentException(
          role.setting()
              + "="
              + GoUrl.redacted(target)
              + " is one plain object, which is never encrypted, and"
              + " liferaft.archive.encryption.key-id is set: let the target end with a slash, as"
              + " s3://bucket/prefix/, or leave the key id away");
    }
    try {
      return archives.open(target, properties.compress(), alone, properties.timestamp());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          role.setting() + "=" + GoUrl.redacted(target) + " is refused: " + e.getMessage(), e);
    }
  }
}
