package io.liferaft.objectstore;

import java.util.Locale;
import java.util.Map;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether any configured key is {@code kms:}. */
final class KmsInUse implements Condition {

  @Override
  public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
    return in(context.getEnvironment());
  }

  static boolean in(Environment environment) {
    try {
      return Binder.get(environment)
          .bind("liferaft.archive.encryption.keys", Bindable.mapOf(String.class, String.class))
          .orElse(Map.of())
          .values()
          .stream()
          .anyMatch(place -> place.strip().toLowerCase(Locale.ROOT).startsWith("kms:"));
    } catch (BindException _) {
      // Whoever reads the setting says what is wrong with it.
      return false;
    }
  }
}
