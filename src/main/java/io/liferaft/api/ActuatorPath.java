package io.liferaft.api;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the actuator is, for filters that stand before it.
 *
 * @param path of the actuator, without a slash at its end
 */
record ActuatorPath(String path) {

  static ActuatorPath of(String path) {
    return new ActuatorPath(path.equals("/") ? "" : path);
  }

  /** The names in a request's path below it, at least one; null where the path is another's. */
  @Nullable List<String> names(HttpServletRequest request) {
    String asked = RqliteRouter.path(request);
    String root = request.getContextPath() + path + "/";
    return asked.startsWith(root) ? List.of(asked.substring(root.length()).split("/", -1)) : null;
  }
}
