package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.time.Duration;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.HeadBucketResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Whether a bucket is there: the 404 of a key's HEAD has no body, so it may also mean the bucket.
 */
final class S3Bucket {

  private S3Bucket() {}

  /**
   * Looks at a bucket.
   *
   * @param action what it is looked at for
   * @throws ObjectStoreException NO_SUCH_BUCKET when the store answered so
   */
  static HeadBucketResponse look(S3Client s3, String bucket, String action, Duration callTimeout) {
    try {
      return s3.headBucket(
          b -> b.bucket(bucket).overrideConfiguration(o -> o.apiCallTimeout(callTimeout)));
    } catch (S3Exception e) {
      if (e.statusCode() == 404) {
        throw S3Errors.failure(
            Reason.NO_SUCH_BUCKET, action, "there is no bucket '" + bucket + "'", e);
      }
      throw e;
    }
  }
}
