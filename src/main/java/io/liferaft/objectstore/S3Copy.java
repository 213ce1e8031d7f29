package io.liferaft.objectstore;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CopyObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;

/** Copies inside one bucket, in parts where the object is too big for one request. */
final class S3Copy {

  /**
   * Well below the 5 GiB that one request may copy: not every store keeps the connection alive
   * while it copies, and the read time-out would end a longer one.
   */
  static final long PART_BYTES = 256L << 20;

  private static final Logger log = LoggerFactory.getLogger(S3Copy.class);
  private static final int MAX_PARTS = 10_000;
  private static final Duration COPY_TIME = Duration.ofMinutes(5);

  private final S3Client s3;
  private final String bucket;
  private final long partBytes;
  private final S3Encryption encryption;
  private final Duration callTimeout;

  S3Copy(S3Client s3, String bucket, long partBytes, ObjectStoreProperties.S3 settings) {
    this.s3 = s3;
    this.bucket = bucket;
    this.partBytes = partBytes;
    this.encryption = S3Encryption.of(settings);
    this.callTimeout = settings.callTimeout();
  }

  record Copied(String etag, @Nullable String versionId) {}

  Copied copy(HeadObjectResponse source, String fromKey, String toKey) {
    return source.contentLength() <= partBytes
        ? whole(source, fromKey, toKey)
        : inParts(source, fromKey, toKey);
  }

  private Copied whole(HeadObjectResponse source, String fromKey, String toKey) {
    CopyObjectResponse response =
        s3.copyObject(b ->
            encryption
                .askedOf(b)
                .sourceBucket(bucket)
                .sourceKey(fromKey)
                .copySourceIfMatch(source.eTag())
                .destinationBucket(bucket)
                .destinationKey(toKey)
                .overrideConfiguration(o -> o.apiCallTimeout(callTimeout.plus(COPY_TIME))));
    return new Copied(response.copyObjectResult().eTag(), response.versionId());
  }

  private Copied inParts(HeadObjectResponse source, String fromKey, String toKey) {
    String uploadId =
        s3.createMultipartUpload(b ->
                encryption
                    .askedOf(b)
                    .bucket(bucket)
                    .key(toKey)
                    .metadata(source.metadata())
                    .contentType(source.contentType())
                    .overrideConfiguration(o -> o.apiCallTimeout(callTimeout)))
            .uploadId();
    boolean done = false;
    try {
      List<CompletedPart> parts = copyParts(source, fromKey, toKey, uploadId);
      CompleteMultipartUploadResponse response =
          s3.completeMultipartUpload(b ->
              b.bucket(bucket)
                  .key(toKey)
                  .uploadId(uploadId)
                  .multipartUpload(m -> m.parts(parts))
                  .overrideConfiguration(o -> o.apiCallTimeout(callTimeout.plus(COPY_TIME))));
      done = true;
      return new Copied(response.eTag(), response.versionId());
    } finally {
      if (!done) {
        abort(s3, bucket, toKey, uploadId, callTimeout);
      }
    }
  }

  private List<CompletedPart> copyParts(
      HeadObjectResponse source, String fromKey, String toKey, String uploadId) {
    long size = source.contentLength();
    long step = Math.max(partBytes, Math.ceilDiv(size, (long) MAX_PARTS));
    List<CompletedPart> parts = new ArrayList<>();
    for (long from = 0; from < size; from += step) {
      String range = "bytes=" + from + "-" + (Math.min(size, from + step) - 1);
      int number = parts.size() + 1;
      String etag =
          s3.uploadPartCopy(b ->
                  b.sourceBucket(bucket)
                      .sourceKey(fromKey)
                      .copySourceRange(range)
                      .copySourceIfMatch(source.eTag())
                      .destinationBucket(bucket)
                      .destinationKey(toKey)
                      .uploadId(uploadId)
                      .partNumber(number)
                      .overrideConfiguration(o -> o.apiCallTimeout(callTimeout.plus(COPY_TIME))))
              .copyPartResult()
              .eTag();
      parts.add(CompletedPart.builder().partNumber(number).eTag(etag).build());
    }
    return parts;
  }

  /**
   * Gives the parts of an unfinished upload back. A failure only leaves parts behind that nobody
   * sees, and must not hide why the upload failed.
   */
  static void abort(S3Client s3, String bucket, String key, String uploadId, Duration callTimeout) {
    // The client refuses to work for an interrupted thread, and just then there is work to do.
    boolean interrupted = Thread.interrupted();
    try {
      s3.abortMultipartUpload(b ->
          b.bucket(bucket)
              .key(key)
              .uploadId(uploadId)
              .overrideConfiguration(o -> o.apiCallTimeout(callTimeout)));
    } catch (SdkException e) {
      log.debug("Parts of the upload to s3://{}/{} were left behind", bucket, key, e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
