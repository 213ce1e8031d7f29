package io.liferaft;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.convert.ConversionException;

/** Tells a setting that cannot be read as what it should be: key, value and a valid one. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class SettingConversionFailureAnalyzer extends AbstractFailureAnalyzer<BindException> {

  SettingConversionFailureAnalyzer() {}

  @Override
  protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
    ConfigurationProperty property = cause.getProperty();
    if (property == null
        || !property.getName().toString().startsWith("liferaft.")
        || findCause(rootFailure, ConversionException.class) == null) {
      return null;
    }
    Class<?> type = cause.getTarget().getType().resolve(Object.class);
    return new FailureAnalysis(
        "%s=%s is refused: not a valid %s, for example %s"
            .formatted(property.getName(), property.getValue(), noun(type), example(type)),
        "Correct the setting and start again.",
        cause);
  }

  private static String noun(Class<?> type) {
    return switch (type.getSimpleName()) {
      case "Duration" -> "time";
      case "DataSize" -> "size";
      case "boolean", "Boolean" -> "switch";
      case "int", "Integer", "long", "Long" -> "number";
      default -> "value";
    };
  }

  private static String example(Class<?> type) {
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(constant -> constant.toString().toLowerCase(Locale.ROOT).replace('_', '-'))
          .collect(Collectors.joining(" or "));
    }
    return switch (type.getSimpleName()) {
      case "Duration" -> "10s";
      case "DataSize" -> "4MB";
      case "boolean", "Boolean" -> "true or false";
      default -> "1";
    };
  }
}
