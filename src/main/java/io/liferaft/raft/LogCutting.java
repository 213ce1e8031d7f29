package io.liferaft.raft;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * When the main database file is brought up to date, and how much of the log stays behind that.
 *
 * @param entries a checkpoint after so many of the log
 * @param walBytes a checkpoint when SQLite's WAL has this size
 * @param trailingBytes of the log that are kept at least, whatever the file holds
 */
record LogCutting(int entries, long walBytes, long trailingBytes) {

  private static final DataSize SMALLEST_WAL = DataSize.ofKilobytes(64);
  private static final DataSize LONGEST_TRAIL = DataSize.ofGigabytes(16);

  /**
   * @throws InvalidConfigurationPropertyValueException naming the property, its value and a valid
   *     one
   */
  static LogCutting of(ClusterProperties.Snapshot snapshot) {
    if (snapshot.entries() < 1) {
      throw NodeConfig.refused(
          "liferaft.raft.snapshot.entries", snapshot.entries(), "at least 1, for example 8192");
    }
    if (snapshot.walSize().compareTo(SMALLEST_WAL) < 0) {
      throw NodeConfig.refused(
          "liferaft.raft.snapshot.wal-size", snapshot.walSize(), "at least 64KB, for example 4MB");
    }
    DataSize trail = snapshot.trailingLog();
    if (trail.isNegative() || trail.compareTo(LONGEST_TRAIL) > 0) {
      throw NodeConfig.refused(
          "liferaft.raft.snapshot.trailing-log", trail, "between 0B and 16GB, for example 32MB");
    }
    return new LogCutting(snapshot.entries(), snapshot.walSize().toBytes(), trail.toBytes());
  }
}
