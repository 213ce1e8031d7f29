package io.liferaft.sqlite;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * This node's database.
 *
 * @param maxReaders most queries that run at a time, each on a thread and a connection of its own;
 *     by default twice the number of processors, at least 4
 */
@ConfigurationProperties(prefix = "liferaft.sqlite", ignoreUnknownFields = false)
record SqliteProperties(@Nullable Integer maxReaders) {

  /** Each may hold a thread with a deep stack, a connection and its page cache. */
  private static final int MOST_READERS = 1024;

  SqliteProperties {
    if (maxReaders != null && (maxReaders < 1 || maxReaders > MOST_READERS)) {
      throw new IllegalArgumentException(
          "liferaft.sqlite.max-readers must be from 1 to %d, for example 16, not %d"
              .formatted(MOST_READERS, maxReaders));
    }
  }

  SqliteSettings settings() {
    SqliteSettings standard = SqliteSettings.defaults();
    return maxReaders == null
        ? standard
        : new SqliteSettings(maxReaders, standard.copyWalBytes(), standard.readerGrace());
  }
}
