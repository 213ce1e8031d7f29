package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Turns what the S3 client throws into reasons and sentences. */
final class S3Errors {

  static final String REGION_HINT =
      "Set spring.cloud.aws.region.static, for example eu-central-1 (or AWS_REGION).";
  static final String CREDENTIALS_HINT =
      "Set spring.cloud.aws.credentials.access-key and spring.cloud.aws.credentials.secret-key, or"
          + " give the process a role (IRSA, instance profile) or AWS_ACCESS_KEY_ID and"
          + " AWS_SECRET_ACCESS_KEY.";

  private static final String FORBIDDEN_HINT =
      "S3 answers 403 for a missing key, too, to who may not list the bucket: grant s3:ListBucket"
          + " on the bucket, and s3:GetObject and s3:PutObject on its keys";

  private static final String KMS_HINT =
      "the key of AWS KMS that objects are encrypted with (liferaft.objectstore.s3.kms-key-id, or"
          + " the bucket's own setting) ";

  private S3Errors() {}

  /**
   * @param action what was tried, as "reading s3://bucket/key"
   */
  static ObjectStoreException translate(String action, SdkException e) {
    if (e instanceof S3Exception s3) {
      return translate(action, s3);
    }
    String message = String.valueOf(e.getMessage());
    if (e instanceof ApiCallTimeoutException || e instanceof ApiCallAttemptTimeoutException) {
      return failure(Reason.UNAVAILABLE, action, "no answer in time: " + message, e);
    }
    String lower = message.toLowerCase(Locale.ROOT);
    if (lower.contains("unable to load credentials") || lower.contains("credentials provider")) {
      return failure(
          Reason.CONFIGURATION, action, "no AWS credentials found. " + CREDENTIALS_HINT, e);
    }
    if (lower.contains("unable to load region")) {
      return failure(Reason.CONFIGURATION, action, "no AWS region known. " + REGION_HINT, e);
    }
    return failure(Reason.UNAVAILABLE, action, message, e);
  }

  private static ObjectStoreException translate(String action, S3Exception e) {
    String code = code(e);
    String said = said(e);
    if (code.startsWith("KMS.") || aboutKms(said)) {
      return kms(action, code, said, e);
    }
    return switch (code) {
      case "NoSuchBucket" -> failure(Reason.NO_SUCH_BUCKET, action, "no such bucket", e);
      case "NoSuchKey", "NoSuchVersion" ->
          failure(Reason.NOT_FOUND, action, "the object is not there", e);
      case "RequestTimeTooSkewed" ->
          failure(
              Reason.UNAVAILABLE,
              action,
              "this node's clock differs too much from the store's: " + said,
              e);
      case "AuthorizationHeaderMalformed",
          "PermanentRedirect",
          "IllegalLocationConstraintException" ->
          region(action, said, e);
      case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
          failure(Reason.ACCESS_DENIED, action, "the credentials have expired: " + said, e);
      case "NoSuchUpload" ->
          failure(Reason.UNAVAILABLE, action, "the store lost its parts: " + said, e);
      case "BadDigest", "IncompleteBody", "RequestTimeout", "XAmzContentSHA256Mismatch" ->
          failure(Reason.UNAVAILABLE, action, "the body did not arrive whole: " + said, e);
      case "InvalidBucketName" -> failure(Reason.CONFIGURATION, action, said, e);
      default -> byStatus(action, said, e);
    };
  }

  /** S3 passes on what AWS KMS has answered it; with the permission named, or only with the key. */
  private static boolean aboutKms(String said) {
    String lower = said.toLowerCase(Locale.ROOT);
    return lower.contains("kms:")
        || lower.contains("arn:aws:kms")
        || lower.contains("the ciphertext refers to a customer master key");
  }

  private static ObjectStoreException kms(String action, String code, String said, S3Exception e) {
    int status = e.statusCode();
    if (code.startsWith("KMS.Throttling") || status == 429 || (status >= 500 && status != 501)) {
      return failure(Reason.UNAVAILABLE, action, "AWS KMS is not available: " + said, e);
    }
    if (status == 401 || status == 403) {
      return failure(
          Reason.ACCESS_DENIED,
          action,
          KMS_HINT
              + "may not be used: grant kms:GenerateDataKey and kms:Decrypt on it, in the policy of"
              + " the role and in that of the key ("
              + said
              + ")",
          e);
    }
    return failure(
        Reason.CONFIGURATION,
        action,
        KMS_HINT
            + "is not there in the bucket's region, is disabled or waits for its deletion: enable"
            + " it, or name another one ("
            + said
            + ")",
        e);
  }

  private static ObjectStoreException byStatus(String action, String said, S3Exception e) {
    boolean encryption = said.toLowerCase(Locale.ROOT).contains("encryption");
    if (encryption && (e.statusCode() == 400 || e.statusCode() == 501)) {
      return failure(
          Reason.CONFIGURATION,
          action,
          "the store does not encrypt as it is asked to ("
              + said
              + "): set liferaft.objectstore.s3.server-side-encryption to what it knows of none,"
              + " sse-s3, sse-kms and sse-kms-dsse",
          e);
    }
    return switch (e.statusCode()) {
      case 301, 307, 308 -> region(action, said, e);
      case 401, 403 -> failure(Reason.ACCESS_DENIED, action, "access denied: " + said, e);
      case 404 -> failure(Reason.NOT_FOUND, action, "not found: " + said, e);
      // Some stores answer a write that was to find nothing there as if it were a read.
      case 304, 409, 412 ->
          failure(Reason.PRECONDITION_FAILED, action, "somebody else wrote it: " + said, e);
      case 400, 405, 501 ->
          failure(
              Reason.CONFIGURATION,
              action,
              "the store does not accept the request ("
                  + said
                  + "): check spring.cloud.aws.region.static, spring.cloud.aws.s3.endpoint,"
                  + " spring.cloud.aws.s3.path-style-access-enabled,"
                  + " liferaft.objectstore.s3.checksums and"
                  + " liferaft.objectstore.s3.server-side-encryption (not every store knows each)",
              e);
      case 429, 503 -> failure(Reason.UNAVAILABLE, action, "the store is throttling: " + said, e);
      default -> failure(Reason.UNAVAILABLE, action, said, e);
    };
  }

  private static ObjectStoreException region(String action, String said, S3Exception e) {
    String right =
        header(e, "x-amz-bucket-region") == null
            ? ""
            : " The bucket is in " + header(e, "x-amz-bucket-region") + ".";
    return failure(
        Reason.CONFIGURATION,
        action,
        "the bucket is not in the region asked (" + said + ")." + right + " " + REGION_HINT,
        e);
  }

  /**
   * As {@link #translate(String, SdkException)}, for requests on what may not be there: adds what a
   * bare 403 may mean.
   */
  static ObjectStoreException explained(String action, S3Exception e) {
    ObjectStoreException failure = translate(action, e);
    boolean bare =
        (code(e).isEmpty() || code(e).equals("AccessDenied") || code(e).equals("403"))
            && !aboutKms(said(e));
    return failure.reason() == Reason.ACCESS_DENIED && bare
        ? new ObjectStoreException(
            failure.reason(), failure.getMessage() + ". " + FORBIDDEN_HINT, e)
        : failure;
  }

  static String code(AwsServiceException e) {
    AwsErrorDetails details = e.awsErrorDetails();
    return details == null || details.errorCode() == null ? "" : details.errorCode();
  }

  static @Nullable String header(S3Exception e, String name) {
    AwsErrorDetails details = e.awsErrorDetails();
    return details == null || details.sdkHttpResponse() == null
        ? null
        : details.sdkHttpResponse().firstMatchingHeader(name).orElse(null);
  }

  /** The service's own words; the client's message adds ids that a reader does not need. */
  static String said(AwsServiceException e) {
    AwsErrorDetails details = e.awsErrorDetails();
    String text = details == null ? null : details.errorMessage();
    String code = code(e);
    String status = "HTTP " + e.statusCode();
    if (text == null || text.isBlank()) {
      return code.isEmpty() ? status : status + " " + code;
    }
    return code.isEmpty() ? status + " " + text : status + " " + code + ": " + text;
  }

  static ObjectStoreException failure(
      Reason reason, String action, String why, @Nullable Throwable cause) {
    if (cause != null && interrupted(cause)) {
      Thread.currentThread().interrupt();
    }
    return new ObjectStoreException(reason, action + " failed: " + why, cause);
  }

  private static boolean interrupted(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof InterruptedException || t instanceof AbortedException) {
        return true;
      }
    }
    return false;
  }
}
