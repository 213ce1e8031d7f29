package io.liferaft.api;

import io.liferaft.api.ErrorTable.Result;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Times of requests by route and result; both are closed lists, all there from the start. */
final class ApiMetrics {

  private final Map<Route, Map<Result, Timer>> routes = new EnumMap<>(Route.class);
  private final Map<Result, Timer> elsewhere;

  ApiMetrics(MeterRegistry registry) {
    for (Route route : Route.values()) {
      routes.put(route, timers(registry, route.tag()));
    }
    elsewhere = timers(registry, "none");
  }

  /**
   * Counts a request.
   *
   * @param route null when none matched
   */
  void record(@Nullable Route route, Result result, long nanos) {
    Map<Result, Timer> timers = route == null ? elsewhere : routes.getOrDefault(route, elsewhere);
    Timer timer = timers.get(result);
    if (timer != null) {
      timer.record(nanos, TimeUnit.NANOSECONDS);
    }
  }

  /** Requests of a route since the start whose callers were let in. */
  long requests(Route route) {
    return routes.getOrDefault(route, elsewhere).entrySet().stream()
        .filter(timer -> timer.getKey() != Result.UNAUTHORIZED)
        .mapToLong(timer -> timer.getValue().count())
        .sum();
  }

  /** Requests of all routes since the start that ended so. */
  long results(Result result) {
    return routes.values().stream()
        .flatMap(timers -> timers.entrySet().stream())
        .filter(timer -> timer.getKey() == result)
        .mapToLong(timer -> timer.getValue().count())
        .sum();
  }

  private static Map<Result, Timer> timers(MeterRegistry registry, String route) {
    Map<Result, Timer> timers = new EnumMap<>(Result.class);
    for (Result result : Result.values()) {
      timers.put(
          result,
          Timer.builder("liferaft.api.requests")
              .description("Requests on rqlite paths")
              .tag("route", route)
              .tag("result", result.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    return timers;
  }
}
