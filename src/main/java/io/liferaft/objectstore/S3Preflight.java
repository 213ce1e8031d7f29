package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.useragent.BusinessMetricFeatureId;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ServiceClientConfiguration;
import software.amazon.awssdk.services.s3.model.HeadBucketResponse;

/** Tries what backups will ask of a bucket. */
final class S3Preflight {

  private static final String CREDENTIALS = "credentials";
  private static final String BUCKET = "bucket";
  private static final String MULTIPART = "multipart";

  /** What each check needs of a policy. */
  private static final Map<String, String> ACTIONS =
      Map.of(
          BUCKET,
          "s3:ListBucket",
          "put",
          "s3:PutObject",
          "get",
          "s3:GetObject",
          "conditions",
          "s3:PutObject",
          "list",
          "s3:ListBucket",
          MULTIPART,
          "s3:PutObject and s3:AbortMultipartUpload",
          "delete",
          "s3:DeleteObject");

  private final S3Client s3;
  private final String credentialsSetting;
  private final ObjectStore store;
  private final String bucket;
  private final String prefix;
  private final String key;
  private final ObjectStoreProperties.S3 settings;

  /**
   * @param credentialsSetting where the client's credentials are, if they are in the settings
   * @param key of the trial object
   */
  S3Preflight(
      S3Client s3,
      String credentialsSetting,
      ObjectStore store,
      ObjectStores.Location location,
      String key,
      ObjectStoreProperties.S3 settings) {
    this.s3 = s3;
    this.credentialsSetting = credentialsSetting;
    this.store = store;
    this.bucket = location.container();
    this.prefix = location.key();
    this.key = key;
    this.settings = settings;
  }

  List<PreflightFinding> run(Supplier<List<PreflightFinding>> trial) {
    List<PreflightFinding> findings = new ArrayList<>();
    findings.add(credentials());
    findings.add(endpoint());
    findings.add(tried(BUCKET, "looking at " + store.location(), this::bucket));
    findings.addAll(trial.get());
    findings.add(
        tried(MULTIPART, "uploading " + store.location() + "/" + key + " in parts", this::parts));
    return findings;
  }

  /** What to do when a check is denied. */
  String grant(String check) {
    String action = ACTIONS.getOrDefault(check, "the action that the sentence names");
    boolean ofBucket = action.equals("s3:ListBucket");
    return "Grant %s on arn:aws:s3:::%s%s, and look at the bucket's own policy"
        .formatted(action, bucket, ofBucket ? "" : "/" + prefix + "*");
  }

  private PreflightFinding credentials() {
    try {
      AwsCredentialsIdentity found =
          s3.serviceClientConfiguration().credentialsProvider().resolveIdentity().join();
      String until = found.expirationTime().map(time -> ", valid until " + time).orElse("");
      return PreflightFinding.ok(CREDENTIALS, "They come from " + source(found) + until);
    } catch (SdkException | CompletionException e) {
      return PreflightFinding.problem(
          CREDENTIALS, "No AWS credentials found", S3Errors.CREDENTIALS_HINT);
    }
  }

  /** The client knows its providers by codes, one or, where one uses another, several. */
  private String source(AwsCredentialsIdentity found) {
    List<String> codes = List.of(found.providerName().orElse("").split(","));
    String names =
        Stream.of(BusinessMetricFeatureId.values())
            .filter(id -> id.name().startsWith("CREDENTIALS_") && codes.contains(id.value()))
            .map(id ->
                id == BusinessMetricFeatureId.CREDENTIALS_CODE
                    ? "the settings (" + credentialsSetting + ")"
                    : id.name().substring(12).toLowerCase(Locale.ROOT).replace('_', ' '))
            .collect(Collectors.joining(", "));
    return names.isEmpty() ? "a provider without a name" : names;
  }

  private PreflightFinding endpoint() {
    S3ServiceClientConfiguration client = s3.serviceClientConfiguration();
    URI url = URI.create(s3.utilities().getUrl(b -> b.bucket(bucket).key("k")).toString());
    boolean hosted = String.valueOf(url.getHost()).startsWith(bucket + ".");
    return PreflightFinding.ok(
        "endpoint",
        "Region %s, endpoint %s, %s, checksums %s"
            .formatted(
                client.region(),
                client.endpointOverride().map(URI::toString).orElse("of AWS"),
                hosted ? "bucket in the host name" : "path style",
                settings.checksums().name().toLowerCase(Locale.ROOT).replace('_', '-')));
  }

  private PreflightFinding bucket() {
    HeadBucketResponse found =
        s3.headBucket(b ->
            b.bucket(bucket).overrideConfiguration(o -> o.apiCallTimeout(settings.callTimeout())));
    String region = found.bucketRegion();
    return PreflightFinding.ok(
        BUCKET, "It is there" + (region == null || region.isBlank() ? "" : ", in " + region));
  }

  /** Databases above one part need it; small ones never show that it is missing. */
  private PreflightFinding parts() {
    S3Encryption encryption = S3Encryption.of(settings);
    String id =
        s3.createMultipartUpload(b ->
                encryption
                    .askedOf(b)
                    .bucket(bucket)
                    .key(key)
                    .overrideConfiguration(o -> o.apiCallTimeout(settings.callTimeout())))
            .uploadId();
    s3.abortMultipartUpload(b ->
        b.bucket(bucket)
            .key(key)
            .uploadId(id)
            .overrideConfiguration(o -> o.apiCallTimeout(settings.callTimeout())));
    return PreflightFinding.ok(MULTIPART, "An upload in parts can be begun and given up");
  }

  private PreflightFinding tried(String check, String action, Supplier<PreflightFinding> trial) {
    try {
      return trial.get();
    } catch (SdkException e) {
      ObjectStoreException failure = S3Errors.translate(action, e);
      boolean missing = check.equals(BUCKET) && failure.reason() == Reason.NOT_FOUND;
      return StoreTrial.failed(
          check,
          true,
          missing
              ? S3Errors.failure(
                  Reason.NO_SUCH_BUCKET, action, "there is no bucket '" + bucket + "'", e)
              : failure,
          this::grant);
    }
  }
}
