package io.liferaft.api;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The rqlite paths, how they match, and the methods they take. */
enum Route {
  ROOT("/", true, null, Methods.ANY),
  EXECUTE("/db/execute", false, ContentTypes.JSON, Methods.POST),
  QUERY("/db/query", false, ContentTypes.JSON, Methods.GET_OR_POST),
  REQUEST("/db/request", false, ContentTypes.JSON, Methods.POST),
  BACKUP("/db/backup", false, null, Methods.GET),
  LOAD("/db/load", false, null, Methods.POST),
  STATUS("/status", false, ContentTypes.JSON, Methods.GET),
  NODES("/nodes", false, ContentTypes.JSON, Methods.GET),
  LEADER("/leader", true, ContentTypes.JSON, Methods.GET_OR_POST),
  READYZ("/readyz", false, null, Methods.GET),
  SNAPSHOT("/snapshot", true, null, Methods.POST),
  REAP("/reap", true, null, Methods.POST),
  REMOVE("/remove", false, ContentTypes.JSON, Methods.DELETE),
  BOOT("/boot", true, null, Methods.POST),
  DEBUG_VARS("/debug/vars", true, ContentTypes.JSON, Methods.ANY),
  SQL("/db/sql", false, ContentTypes.JSON, Methods.GET_OR_POST),
  LICENSES("/licenses", true, null, Methods.GET);

  private enum Methods {
    ANY,
    GET,
    POST,
    GET_OR_POST,
    DELETE
  }

  private static final Route[] ALL = values();

  private final String path;
  private final boolean exact;
  private final @Nullable String earlyContentType;
  private final Methods methods;

  Route(String path, boolean exact, @Nullable String earlyContentType, Methods methods) {
    this.path = path;
    this.exact = exact;
    this.earlyContentType = earlyContentType;
    this.methods = methods;
  }

  /** The route of a decoded path; null when there is none. */
  static @Nullable Route of(String path) {
    for (Route route : ALL) {
      if (route.exact ? path.equals(route.path) : path.startsWith(route.path)) {
        return route;
      }
    }
    return null;
  }

  boolean takes(String method) {
    return switch (methods) {
      case ANY -> true;
      case GET -> method.equals("GET");
      case POST -> method.equals("POST");
      case DELETE -> method.equals("DELETE");
      case GET_OR_POST -> method.equals("GET") || method.equals("POST");
    };
  }

  /** Whether it asks for, or changes, what the database holds. */
  boolean data() {
    return switch (this) {
      case EXECUTE, QUERY, REQUEST, BACKUP, LOAD, BOOT -> true;
      case ROOT, STATUS, NODES, LEADER, READYZ, SNAPSHOT, REAP, REMOVE, DEBUG_VARS, SQL, LICENSES ->
          false;
    };
  }

  /** The content type that even an empty refusal of this route carries; null for none. */
  @Nullable String earlyContentType() {
    return earlyContentType;
  }

  /** Value of the metrics' tag. */
  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
