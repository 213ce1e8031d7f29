package io.liferaft.api;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.function.Predicate;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * A health component that does not exist is 404 at any depth. Spring Boot answers 500 for a part of
 * one, and logs a stack trace for whoever asks.
 */
final class HealthPathFilter extends OncePerRequestFilter {

  private final String health;
  private final Predicate<String> group;
  private final Predicate<String> component;

  /**
   * @param health path of the health endpoint
   * @param group whether a group has this name
   * @param component whether a component has
   */
  HealthPathFilter(String health, Predicate<String> group, Predicate<String> component) {
    this.health = health + "/";
    this.group = group;
    this.component = component;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String path = RqliteRouter.path(request);
    if (path.startsWith(health) && unknown(List.of(path.substring(health.length()).split("/")))) {
      response.setStatus(404);
      response.setContentLength(0);
    } else {
      chain.doFilter(request, response);
    }
  }

  private boolean unknown(List<String> names) {
    if (names.isEmpty()) {
      return false;
    }
    List<String> rest = group.test(names.getFirst()) ? names.subList(1, names.size()) : names;
    return rest.size() > 1 && !component.test(rest.getFirst());
  }
}
