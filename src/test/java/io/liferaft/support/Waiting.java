package io.liferaft.support;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** The one limit that tests wait with. */
public final class Waiting {

  private static final Duration LIMIT =
      Duration.ofMinutes(Long.getLong("liferaft.waiting.minutes", 2));

  private Waiting() {}

  /**
   * Awaits something, named for the failure. What a thread of another test, or of a library that is
   * being closed, does not catch is no failure of this one.
   */
  public static ConditionFactory await(String what) {
    return Awaitility.await(what)
        .dontCatchUncaughtExceptions()
        .atMost(LIMIT)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50));
  }
}
