package io.liferaft.api;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * Requests and statements that the routes of SQL have received since the start; the queue counts
 * its own. Safe for use by many threads.
 */
final class SqlCounts {

  private record Adders(LongAdder requests, LongAdder statements) {}

  private final Map<Route, Adders> routes = new EnumMap<>(Route.class);

  SqlCounts() {
    for (Route route : Route.values()) {
      routes.put(route, new Adders(new LongAdder(), new LongAdder()));
    }
  }

  void request(Route route) {
    of(route).requests.increment();
  }

  void statements(Route route, int count) {
    of(route).statements.add(count);
  }

  long requests(Route route) {
    return of(route).requests.sum();
  }

  long statements(Route route) {
    return of(route).statements.sum();
  }

  private Adders of(Route route) {
    Adders adders = routes.get(route);
    if (adders == null) {
      throw new IllegalArgumentException("nothing is counted for " + route);
    }
    return adders;
  }
}
