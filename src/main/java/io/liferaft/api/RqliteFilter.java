package io.liferaft.api;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Sends everything but the actuator to the router. A filter and not a controller, because the
 * dispatcher would read form bodies, answer pre-flight requests and 404 in its own way.
 */
final class RqliteFilter extends OncePerRequestFilter {

  private final RqliteRouter router;
  private final String actuator;

  /**
   * @param actuator base path of the actuator
   */
  RqliteFilter(RqliteRouter router, String actuator) {
    this.router = router;
    this.actuator = actuator;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String path = RqliteRouter.path(request);
    if (!actuator.isEmpty() && (path.equals(actuator) || path.startsWith(actuator + "/"))) {
      chain.doFilter(request, response);
    } else {
      router.handle(request, response);
    }
  }
}
