package io.liferaft.support;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** The one limit that tests wait with. */
public final class Waiting {

  private static final Duration LIMIT =
      Duration.ofMinutes(Long.getLong("liferaft.waiting.minutes", 2));

  private Waiting() {}

  /** Awaits something, named for the failure. */
  public static ConditionFactory await(String what) {
    return Awaitility.await(what)
        .atMost(LIMIT)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50));
  }
}
