package io.liferaft.security;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.ToDoubleFunction;

/** How many requests were let in and how many were not. */
final class SecurityMetrics {

  private SecurityMetrics() {}

  static void register(AccessControl access, MeterRegistry registry) {
    counter(access, registry, "allowed", AccessControl::allowedCount);
    counter(access, registry, "refused", AccessControl::refusedCount);
  }

  private static void counter(
      AccessControl access,
      MeterRegistry registry,
      String result,
      ToDoubleFunction<AccessControl> count) {
    FunctionCounter _ =
        FunctionCounter.builder("liferaft.security.checks", access, count)
            .description("Checks of a caller's permissions")
            .tag("result", result)
            .register(registry);
  }
}
