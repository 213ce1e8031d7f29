package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kms.model.KmsException;

/** Turns what the client of AWS KMS throws into reasons and sentences. */
final class KmsErrors {

  private KmsErrors() {}

  /**
   * @param action what was tried, as "wrapping a data key with alias/backups"
   * @param permission that it needs
   */
  static ObjectStoreException translate(String action, String permission, SdkException e) {
    if (!(e instanceof KmsException kms)) {
      return S3Errors.translate(action, e);
    }
    String said = "AWS KMS answered " + S3Errors.said(kms);
    return switch (S3Errors.code(kms)) {
      case "AccessDeniedException", "AccessDenied" ->
          S3Errors.failure(
              Reason.CONFIGURATION,
              action,
              "grant kms:Encrypt (for backups) and kms:Decrypt (for these and restores) on the key,"
                  + " in the policy of the role and in that of the key; "
                  + permission
                  + " was refused ("
                  + said
                  + ")",
              e);
      case "NotFoundException" ->
          S3Errors.failure(
              Reason.CONFIGURATION,
              action,
              "there is no such key in that account and region: name it by its ARN (" + said + ")",
              e);
      case "DisabledException", "KMSInvalidStateException" ->
          S3Errors.failure(
              Reason.CONFIGURATION,
              action,
              "the key is disabled or waits for its deletion: enable it, or cancel that ("
                  + said
                  + ")",
              e);
      case "IncorrectKeyException", "InvalidCiphertextException" ->
          S3Errors.failure(
              Reason.CONFIGURATION,
              action,
              "it was wrapped with another key, or for another purpose (" + said + ")",
              e);
      case "ExpiredTokenException",
          "InvalidClientTokenId",
          "InvalidSignatureException",
          "UnrecognizedClientException" ->
          S3Errors.failure(
              Reason.ACCESS_DENIED, action, "the credentials are not accepted: " + said, e);
      case "DependencyTimeoutException",
          "KeyUnavailableException",
          "KMSInternalException",
          "LimitExceededException",
          "RequestExpired",
          "ThrottlingException" ->
          S3Errors.failure(Reason.UNAVAILABLE, action, said, e);
      default ->
          S3Errors.failure(
              kms.statusCode() == 429 || kms.statusCode() >= 500
                  ? Reason.UNAVAILABLE
                  : Reason.CONFIGURATION,
              action,
              said,
              e);
    };
  }
}
