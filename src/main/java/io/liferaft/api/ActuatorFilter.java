package io.liferaft.api;

import io.liferaft.security.AccessControl;
import io.liferaft.security.Permission;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Asks callers of the actuator for the permissions of rqlite's users. Health stays open, since
 * probes have no credentials; what nobody has thought of takes {@code all}, because among Spring
 * Boot's endpoints are some that hand out the whole heap or change the node.
 */
final class ActuatorFilter extends OncePerRequestFilter {

  private static final Set<String> STATUS =
      Set.of("", "info", "metrics", "openapi", "prometheus", "backup", "drill", "restore");
  private static final Set<String> BACKUPS = Set.of("backup", "backups", "drill");
  private static final String UNKNOWN = "?";
  private static final byte[] REFUSAL =
      "{\"title\":\"Unauthorized\",\"status\":401,\"detail\":\"not authorized\"}"
          .getBytes(StandardCharsets.US_ASCII);

  private final AccessControl access;
  private final String base;

  /**
   * @param base path of the actuator
   */
  ActuatorFilter(AccessControl access, String base) {
    this.access = access;
    this.base = base.equals("/") ? "" : base;
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    String path = RqliteRouter.path(request);
    String root = request.getContextPath() + base;
    return !access.enabled()
        || request.getMethod().equals("OPTIONS")
        || !(path.equals(root) || path.startsWith(root + "/"));
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String endpoint = endpoint(request);
    if (endpoint.equals("health")
        || access.allows(BasicHeader.credentials(request), needed(endpoint, request.getMethod()))) {
      chain.doFilter(request, response);
      return;
    }
    response.setStatus(401);
    response.setHeader("WWW-Authenticate", BasicHeader.CHALLENGE);
    response.setContentType("application/problem+json");
    response.setContentLength(REFUSAL.length);
    response.getOutputStream().write(REFUSAL);
  }

  /**
   * The first name behind the base path, just as it was sent: a spelling that Spring would still
   * take for another endpoint is none that is let through here.
   */
  private String endpoint(HttpServletRequest request) {
    String path = request.getRequestURI();
    String root = request.getContextPath() + base;
    if (!path.startsWith(root)) {
      return UNKNOWN;
    }
    String rest = path.length() > root.length() ? path.substring(root.length() + 1) : "";
    int slash = rest.indexOf('/');
    return slash < 0 ? rest : rest.substring(0, slash);
  }

  static Set<Permission> needed(String endpoint, String method) {
    boolean reads = method.equals("GET") || method.equals("HEAD");
    if (reads && STATUS.contains(endpoint)) {
      return Set.of(Permission.STATUS);
    }
    if (endpoint.equals("restore")) {
      return Set.of(Permission.LOAD);
    }
    return Set.of(BACKUPS.contains(endpoint) ? Permission.BACKUP : Permission.ALL);
  }
}
