package io.liferaft.objectstore;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;

/**
 * Leaves out all of Spring Cloud AWS unless an address is {@code s3://}; a key that is {@code kms:}
 * brings back what knows region and credentials. Switching single parts off by property would still
 * build those.
 */
final class AwsOnlyForS3Filter implements AutoConfigurationImportFilter, EnvironmentAware {

  private static final String SPRING_CLOUD_AWS = "io.awspring.cloud.autoconfigure.";

  private static final String REGION_AND_CREDENTIALS = SPRING_CLOUD_AWS + "core.";

  private boolean s3InUse;
  private boolean kmsInUse;

  AwsOnlyForS3Filter() {}

  @Override
  public void setEnvironment(Environment environment) {
    s3InUse = S3InUse.in(environment);
    kmsInUse = KmsInUse.in(environment);
  }

  @Override
  public boolean[] match(
      @Nullable String[] autoConfigurationClasses, AutoConfigurationMetadata metadata) {
    boolean[] matches = new boolean[autoConfigurationClasses.length];
    for (int i = 0; i < matches.length; i++) {
      String name = autoConfigurationClasses[i];
      matches[i] =
          s3InUse
              || name == null
              || !name.startsWith(SPRING_CLOUD_AWS)
              || (kmsInUse && name.startsWith(REGION_AND_CREDENTIALS));
    }
    return matches;
  }
}
