package io.liferaft.objectstore;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before a store is tried again: waits double from a second to a minute, each
 * shortened at random by up to a half, so that nodes that failed together do not come together.
 */
public final class Backoff {

  private static final long FIRST_MILLIS = 1_000;
  private static final long MOST_MILLIS = 60_000;
  private static final int MOST_DOUBLINGS = 6;

  private Backoff() {}

  /**
   * The wait after a failure.
   *
   * @param failures how often it has failed in a row, from 1
   */
  public static Duration after(int failures, RandomGenerator random) {
    long millis =
        Math.min(MOST_MILLIS, FIRST_MILLIS << Math.clamp(failures - 1, 0, MOST_DOUBLINGS));
    return Duration.ofMillis(millis / 2 + random.nextLong(millis / 2 + 1));
  }
}
