package io.liferaft.objectstore;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import software.amazon.awssdk.core.exception.SdkClientException;

/** Says which setting is missing when the S3 client cannot be built. */
final class AwsSettingsFailureAnalyzer extends AbstractFailureAnalyzer<SdkClientException> {

  AwsSettingsFailureAnalyzer() {}

  @Override
  protected @Nullable FailureAnalysis analyze(Throwable rootFailure, SdkClientException cause) {
    String message = String.valueOf(cause.getMessage());
    if (message.contains("region")) {
      return new FailureAnalysis(
          "A backup target or restore source is s3://, but no AWS region is known",
          S3Errors.REGION_HINT,
          cause);
    }
    if (message.contains("credentials")) {
      return new FailureAnalysis(
          "A backup target or restore source is s3://, but no AWS credentials were found",
          S3Errors.CREDENTIALS_HINT,
          cause);
    }
    return null;
  }
}
