package io.liferaft;

import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Tells what is no setting of its group as {@link UnknownSettings} tells what is in none. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class UnknownSettingFailureAnalyzer
    extends AbstractFailureAnalyzer<UnboundConfigurationPropertiesException> {

  UnknownSettingFailureAnalyzer() {}

  @Override
  protected @Nullable FailureAnalysis analyze(
      Throwable rootFailure, UnboundConfigurationPropertiesException cause) {
    String names =
        cause.getUnboundProperties().stream()
            .map(property -> property.getName().toString())
            .filter(name -> name.startsWith("liferaft."))
            .collect(Collectors.joining(", "));
    return names.isEmpty()
        ? null
        : new FailureAnalysis(
            names + " is refused: there is no such setting",
            "Correct the setting and start again.",
            cause);
  }
}
