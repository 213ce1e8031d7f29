package io.liferaft.api;

import io.liferaft.go.GoUrl;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/** A backup's place as rqlite writes it, but without a password that the endpoint has. */
final class UploadDestination {

  private static final String S3 = "s3://";
  private static final String FILE = "file:";

  private UploadDestination() {}

  /**
   * @param target as configured
   * @param endpoint of S3; null for Amazon's own
   */
  static String of(String target, @Nullable String endpoint) {
    if (target.startsWith(S3) && endpoint != null) {
      String place = target.substring(S3.length());
      String store = GoUrl.redacted(endpoint);
      return store.endsWith("/") ? store + place : store + "/" + place;
    }
    int name = target.lastIndexOf('/');
    if (target.startsWith(FILE) && name >= FILE.length()) {
      String folder = target.substring(FILE.length(), name);
      return "dir:%s, file:%s"
          .formatted(folder.isEmpty() ? "/" : folder, target.substring(name + 1));
    }
    return target;
  }

  /** The settings in the order in which the client of S3 looks at them. */
  static @Nullable String endpoint(Environment environment) {
    for (String key :
        new String[] {
          "spring.cloud.aws.s3.endpoint",
          "spring.cloud.aws.endpoint",
          "AWS_ENDPOINT_URL_S3",
          "AWS_ENDPOINT_URL"
        }) {
      String endpoint = environment.getProperty(key);
      if (endpoint != null && !endpoint.isBlank()) {
        return endpoint.strip();
      }
    }
    return null;
  }
}
