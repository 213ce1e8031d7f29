package io.liferaft.queue;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Queued writes.
 *
 * @param capacity how many requests may be in the queue, at least 1; then callers wait for room
 * @param batchSize how many requests are written together at the most, at least 1; so many waiting
 *     are written at once
 * @param timeout how long the first waiting request waits for others; 0s lets it wait until the
 *     batch is full or somebody waits for it
 * @param transaction whether a batch is one transaction: the first statement that fails undoes all
 * @param onStopTimeout how long a clean stop may take to write what is in the queue; 0s writes
 *     nothing more
 */
@ConfigurationProperties(prefix = "liferaft.queue", ignoreUnknownFields = false)
record QueueProperties(
    @DefaultValue("1024") int capacity,
    @DefaultValue("128") int batchSize,
    @DefaultValue("50ms") Duration timeout,
    @DefaultValue("false") boolean transaction,
    @DefaultValue("10s") Duration onStopTimeout) {

  private static final Duration LONGEST = Duration.ofDays(1);

  QueueProperties {
    require(capacity >= 1, "capacity", capacity, "must be at least 1: a valid one is 1024");
    require(batchSize >= 1, "batch-size", batchSize, "must be at least 1: a valid one is 128");
    require(
        !timeout.isNegative() && timeout.compareTo(LONGEST) <= 0,
        "timeout",
        timeout,
        "must be from 0s to 1d: a valid one is 50ms");
    require(
        !onStopTimeout.isNegative(),
        "on-stop-timeout",
        onStopTimeout,
        "is negative: a valid one is 10s");
  }

  private static void require(boolean holds, String key, Object value, String why) {
    if (!holds) {
      throw new IllegalArgumentException("liferaft.queue." + key + "=" + value + " " + why);
    }
  }
}
