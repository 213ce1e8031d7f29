package io.liferaft.api;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Refuses a path below our own endpoints that is none, and a method that a path does not have, as
 * RFC 9457 has it. The actuator answers either in Spring Boot's form, and takes a path that a
 * filter serves for one of its own with other methods.
 */
final class ActuatorPathFilter extends OncePerRequestFilter {

  private static final List<String> NONE = List.of();
  private static final List<String> READ = List.of("GET", "HEAD");
  private static final List<String> READ_AND_ASK = List.of("GET", "HEAD", "POST");

  private final ActuatorPath base;

  /**
   * @param base path of the actuator
   */
  ActuatorPathFilter(String base) {
    this.base = ActuatorPath.of(base);
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String method = request.getMethod();
    List<String> names = base.names(request);
    List<String> methods = names == null ? null : methods(names);
    if (methods == null || methods.contains(method) || method.equals("OPTIONS")) {
      chain.doFilter(request, response);
    } else if (methods.isEmpty()) {
      ProblemWriter.write(
          response, 404, "Not Found", "There is nothing at " + RqliteRouter.path(request));
    } else {
      String valid = String.join(", ", methods);
      response.setHeader("Allow", valid);
      ProblemWriter.write(
          response, 405, "Method Not Allowed", method + " is not taken here: valid are " + valid);
    }
  }

  /** Empty where nothing is; null where it is somebody else's. */
  private static @Nullable List<String> methods(List<String> names) {
    return switch (names.getFirst()) {
      case "restore", "drill" -> names.size() == 1 ? READ_AND_ASK : NONE;
      case "backup" ->
          names.size() == 1 || (names.size() == 2 && names.get(1).equals("preflight"))
              ? READ_AND_ASK
              : NONE;
      case "backups" -> restorePoints(names);
      default -> null;
    };
  }

  private static List<String> restorePoints(List<String> names) {
    if (names.size() == 1) {
      return READ;
    }
    if (names.get(1).isEmpty() || names.size() > 3) {
      return NONE;
    }
    return names.size() == 2
        ? List.of("GET", "HEAD", "POST", "DELETE")
        : switch (names.get(2)) {
          case "verify" -> List.of("POST");
          case "database" -> List.of("GET");
          default -> NONE;
        };
  }
}
