package io.liferaft.sqlite;

import java.time.Duration;

/**
 * Limits of a {@link SqliteStore}.
 *
 * @param readers most queries that run at a time
 * @param copyWalBytes size of the WAL from which a checkpoint takes open copies away
 * @param readerGrace how long a checkpoint waits for running queries before it interrupts them
 */
public record SqliteSettings(int readers, long copyWalBytes, Duration readerGrace) {

  private static final long COPY_WAL_BYTES = 64L * 1024 * 1024;

  public SqliteSettings {
    if (readers < 1) {
      throw new IllegalArgumentException("readers must be at least 1, not " + readers);
    }
    if (copyWalBytes < 0 || readerGrace.isNegative()) {
      throw new IllegalArgumentException("limits must not be negative");
    }
  }

  /** Twice as many readers as processors, at least four; 64 MiB; two seconds. */
  public static SqliteSettings defaults() {
    int readers = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    return new SqliteSettings(readers, COPY_WAL_BYTES, Duration.ofSeconds(2));
  }
}
