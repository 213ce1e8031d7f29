package io.liferaft.objectstore;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * What the store is asked to encrypt with, as each request that makes an object tells it.
 *
 * @param kind null to leave it to the bucket
 * @param kmsKeyId null for the account's own key, or where none is meant
 * @param bucketKey null where it means nothing
 */
record S3Encryption(
    @Nullable ServerSideEncryption kind, @Nullable String kmsKeyId, @Nullable Boolean bucketKey) {

  static S3Encryption of(ObjectStoreProperties.S3 settings) {
    String key = settings.kmsKeyId().isEmpty() ? null : settings.kmsKeyId();
    return switch (settings.serverSideEncryption()) {
      case NONE -> new S3Encryption(null, null, null);
      case SSE_S3 -> new S3Encryption(ServerSideEncryption.AES256, null, null);
      case SSE_KMS ->
          new S3Encryption(ServerSideEncryption.AWS_KMS, key, settings.bucketKeyEnabled());
      case SSE_KMS_DSSE -> new S3Encryption(ServerSideEncryption.AWS_KMS_DSSE, key, null);
    };
  }

  PutObjectRequest.Builder askedOf(PutObjectRequest.Builder request) {
    return request.serverSideEncryption(kind).ssekmsKeyId(kmsKeyId).bucketKeyEnabled(bucketKey);
  }

  CopyObjectRequest.Builder askedOf(CopyObjectRequest.Builder request) {
    return request.serverSideEncryption(kind).ssekmsKeyId(kmsKeyId).bucketKeyEnabled(bucketKey);
  }

  CreateMultipartUploadRequest.Builder askedOf(CreateMultipartUploadRequest.Builder request) {
    return request.serverSideEncryption(kind).ssekmsKeyId(kmsKeyId).bucketKeyEnabled(bucketKey);
  }
}
