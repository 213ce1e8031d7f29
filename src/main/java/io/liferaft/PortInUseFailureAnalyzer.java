package io.liferaft;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Tells which setting holds the port of HTTP that is taken; Spring Boot's own does not. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class PortInUseFailureAnalyzer extends AbstractFailureAnalyzer<PortInUseException> {

  PortInUseFailureAnalyzer() {}

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, PortInUseException cause) {
    return new FailureAnalysis(
        "server.port=%d: another process listens on this port".formatted(cause.getPort()),
        "End that process, or set server.port to a free one, as --server.port=4101. Where management.server.port is set, it may be that one.",
        cause);
  }
}
