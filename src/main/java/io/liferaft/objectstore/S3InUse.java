package io.liferaft.objectstore;

import java.util.Locale;
import java.util.stream.Stream;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Whether any configured address is {@code s3://} and has no region and credentials of its own:
 * then Spring Cloud AWS is asked for them.
 */
final class S3InUse implements Condition {

  @Override
  public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
    return in(context.getEnvironment());
  }

  static boolean in(Environment environment) {
    return Stream.of(
            "liferaft.backup.target", "liferaft.backup.second-target", "liferaft.restore.source")
        .filter(key -> !key.equals("liferaft.backup.second-target") || !SecondS3.given(environment))
        .map(key -> environment.getProperty(key, ""))
        .anyMatch(address -> address.strip().toLowerCase(Locale.ROOT).startsWith("s3:"));
  }
}
