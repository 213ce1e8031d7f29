package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/** A put's condition as S3 takes it, and as it is kept where the store does not. */
final class S3Condition {

  private S3Condition() {}

  static @Nullable String ifMatch(PutCondition condition) {
    return condition instanceof PutCondition.IfMatch(String etag) ? etag : null;
  }

  static @Nullable String ifNoneMatch(PutCondition condition) {
    return condition instanceof PutCondition.IfAbsent ? "*" : null;
  }

  /**
   * For stores that know no conditional writes: leaves a gap, but only until the next request.
   *
   * @throws ObjectStoreException PRECONDITION_FAILED when the condition does not hold
   */
  static void requireByLooking(
      S3Client s3, String bucket, String key, PutCondition condition, Duration callTimeout) {
    String now = etagNow(s3, bucket, key, callTimeout);
    boolean holds =
        switch (condition) {
          case PutCondition.Always() -> true;
          case PutCondition.IfAbsent() -> now == null;
          case PutCondition.IfMatch(String etag) -> etag.equals(now);
        };
    if (!holds) {
      throw S3Errors.failure(
          Reason.PRECONDITION_FAILED,
          "writing s3://" + bucket + "/" + key,
          now == null ? "the object to replace is gone" : "the object is " + now,
          null);
    }
  }

  private static @Nullable String etagNow(
      S3Client s3, String bucket, String key, Duration callTimeout) {
    try {
      return S3ObjectStore.quoted(
          s3.headObject(b ->
                  b.bucket(bucket)
                      .key(key)
                      .overrideConfiguration(o -> o.apiCallTimeout(callTimeout)))
              .eTag());
    } catch (NoSuchKeyException _) {
      var _ = S3Bucket.look(s3, bucket, "writing s3://" + bucket + "/" + key, callTimeout);
      return null;
    }
  }
}
