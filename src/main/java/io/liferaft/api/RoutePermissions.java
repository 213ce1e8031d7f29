package io.liferaft.api;

import io.liferaft.security.Permission;
import java.util.Set;

/** What a route takes: a route that is added has to say so before it compiles. */
final class RoutePermissions {

  private RoutePermissions() {}

  /** All of them are needed; none means that nobody is asked who he is. */
  static Set<Permission> of(Route route) {
    return switch (route) {
      case ROOT -> Set.of();
      case EXECUTE -> Set.of(Permission.EXECUTE);
      case QUERY, SQL -> Set.of(Permission.QUERY);
      case REQUEST -> Set.of(Permission.QUERY, Permission.EXECUTE);
      case BACKUP -> Set.of(Permission.BACKUP);
      case LOAD, BOOT -> Set.of(Permission.LOAD);
      case STATUS, NODES, DEBUG_VARS, LICENSES -> Set.of(Permission.STATUS);
      case LEADER -> Set.of(Permission.LEADER_OPS);
      case READYZ -> Set.of(Permission.READY);
      case REMOVE -> Set.of(Permission.REMOVE);
      case SNAPSHOT, REAP -> Set.of(Permission.SNAPSHOT);
    };
  }

  /** rqlite's text when this node would let a caller, but the leader does not. */
  static String remoteRefusal(Route route) {
    return switch (route) {
          case EXECUTE -> "remote Execute";
          case QUERY -> "remote query";
          case REQUEST -> "remote Request";
          case BACKUP -> "remote backup";
          case LOAD -> "remote load";
          case LEADER -> "remote stepdown";
          case REMOVE -> "remote remove node";
          case ROOT, STATUS, NODES, READYZ, SNAPSHOT, REAP, BOOT, DEBUG_VARS, SQL, LICENSES ->
              "remote request";
        }
        + " not authorized";
  }
}
