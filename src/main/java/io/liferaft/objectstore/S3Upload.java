package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * One object on its way to S3, of a length that nobody knows beforehand: one request when it fits
 * into the first part, else a multipart upload. Holds one part in memory. Closing it before {@link
 * #complete} gives everything back.
 */
final class S3Upload extends OutputStream {

  static final int FIRST_PART_BYTES = 8 << 20;
  static final int MAX_PARTS = 10_000;
  private static final int SMALL_BYTES = 64 << 10;
  private static final int PARTS_PER_SIZE = 1_000;
  private static final int MAX_DOUBLINGS = 3;

  private static final int NOT_IMPLEMENTED = 501;

  /** Bodies have time for this rate at least. */
  private static final long SLOWEST_BYTES_PER_SECOND = 64 << 10;

  private static final Duration COMPLETE_TIME = Duration.ofMinutes(5);

  private final S3Client s3;
  private final String bucket;
  private final String key;
  private final Map<String, String> metadata;
  private final PutCondition condition;
  private final long mostBytes;
  private final ObjectStoreProperties.S3 settings;
  private final S3Encryption encryption;
  private final List<CompletedPart> parts = new ArrayList<>();

  private byte[] buffer;
  private int count;
  private long sizeBytes;
  private @Nullable String uploadId;
  private boolean ended;
  private boolean lookedOnly;

  /**
   * @param mostBytes as {@link ObjectWriter#mostBytes} says
   */
  S3Upload(
      S3Client s3,
      String bucket,
      String key,
      Map<String, String> metadata,
      PutCondition condition,
      long mostBytes,
      ObjectStoreProperties.S3 settings) {
    this.s3 = s3;
    this.bucket = bucket;
    this.key = key;
    this.metadata = metadata;
    this.condition = condition;
    this.mostBytes = mostBytes;
    this.settings = settings;
    this.encryption = S3Encryption.of(settings);
    // Most objects are small, and a whole part for each would be most of what a backup allocates.
    this.buffer =
        new byte
            [(int) Math.min(partBytes(1, mostBytes), known(mostBytes) ? mostBytes : SMALL_BYTES)];
  }

  /**
   * @param date the store's clock when it answered
   */
  record Stored(long sizeBytes, String etag, @Nullable String versionId, @Nullable Instant date) {}

  private static boolean known(long mostBytes) {
    return mostBytes < Long.MAX_VALUE;
  }

  /**
   * Size of a part. All have the same where it is known what comes at the most, as Cloudflare R2
   * wants it: 8 MiB up to 83 GB, more above. Else it grows, so that S3's 10,000 parts last for some
   * 480 GB without a first part that a small heap has no room for.
   *
   * @param number from 1
   * @param mostBytes of the object; {@link Long#MAX_VALUE} when nobody knows
   */
  static int partBytes(int number, long mostBytes) {
    long equal = Math.max(FIRST_PART_BYTES, Math.ceilDiv(mostBytes, (long) MAX_PARTS));
    return equal <= FIRST_PART_BYTES << MAX_DOUBLINGS
        ? (int) equal
        : FIRST_PART_BYTES << Math.min(MAX_DOUBLINGS, (number - 1) / PARTS_PER_SIZE);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] b, int off, int len) throws IOException {
    Objects.checkFromIndexSize(off, len, b.length);
    if (ended) {
      throw new IOException("the upload to s3://" + bucket + "/" + key + " has ended");
    }
    int from = off;
    int left = len;
    while (left > 0) {
      // Only when more comes is a full buffer a part: what just fits goes as one request.
      if (count == buffer.length) {
        makeRoom();
      }
      int n = Math.min(left, buffer.length - count);
      System.arraycopy(b, from, buffer, count, n);
      count += n;
      from += n;
      left -= n;
      sizeBytes += n;
    }
  }

  private void makeRoom() {
    int part = partBytes(parts.size() + 1, mostBytes);
    if (buffer.length < part) {
      buffer = Arrays.copyOf(buffer, Math.clamp(2L * buffer.length, SMALL_BYTES, part));
    } else {
      sendPart();
    }
  }

  /** Only for what goes in parts: the rest of it. */
  void sendLastPart() {
    if (uploadId != null && count > 0) {
      sendPart();
    }
  }

  /** Makes the object visible, if the condition holds. Nothing else is left to send then. */
  Stored complete() {
    return guarded(() -> {
      Stored stored;
      try {
        stored = send(condition);
      } catch (S3Exception e) {
        if (e.statusCode() != NOT_IMPLEMENTED || condition instanceof PutCondition.Always) {
          throw e;
        }
        lookedOnly = true;
        S3Condition.requireByLooking(s3, bucket, key, condition, settings.callTimeout());
        stored = send(new PutCondition.Always());
      }
      ended = true;
      return stored;
    });
  }

  /** Whether the store does not know conditions, so that this one was only looked up. */
  boolean lookedOnly() {
    return lookedOnly;
  }

  private Stored send(PutCondition when) {
    String id = uploadId;
    return id == null ? putWhole(when) : completeParts(id, when);
  }

  @Override
  public void close() {
    String id = uploadId;
    if (id != null && !ended) {
      S3Copy.abort(s3, bucket, key, id, settings.callTimeout());
    }
    ended = true;
  }

  private Stored putWhole(PutCondition when) {
    PutObjectResponse response =
        s3.putObject(
            b ->
                encryption
                    .askedOf(b)
                    .bucket(bucket)
                    .key(key)
                    .metadata(metadata)
                    .contentType("application/octet-stream")
                    .contentMD5(md5())
                    .overrideConfiguration(o -> o.apiCallTimeout(bodyTime()))
                    .ifMatch(S3Condition.ifMatch(when))
                    .ifNoneMatch(S3Condition.ifNoneMatch(when)),
            body());
    return new Stored(
        sizeBytes, response.eTag(), response.versionId(), date(response.sdkHttpResponse()));
  }

  private Stored completeParts(String id, PutCondition when) {
    CompleteMultipartUploadResponse response =
        s3.completeMultipartUpload(b ->
            b.bucket(bucket)
                .key(key)
                .uploadId(id)
                .multipartUpload(m -> m.parts(parts))
                .overrideConfiguration(
                    o -> o.apiCallTimeout(settings.callTimeout().plus(COMPLETE_TIME)))
                .ifMatch(S3Condition.ifMatch(when))
                .ifNoneMatch(S3Condition.ifNoneMatch(when)));
    return new Stored(
        sizeBytes, response.eTag(), response.versionId(), date(response.sdkHttpResponse()));
  }

  private void sendPart() {
    int number = parts.size() + 1;
    if (number > MAX_PARTS) {
      throw new ObjectStoreException(
          Reason.CONFIGURATION,
          "writing s3://%s/%s failed: it has more than %d bytes, too many for one object"
              .formatted(bucket, key, sizeBytes),
          null);
    }
    String etag =
        guarded(() ->
            s3.uploadPart(
                    b ->
                        b.bucket(bucket)
                            .key(key)
                            .uploadId(begun())
                            .partNumber(number)
                            .contentMD5(md5())
                            .overrideConfiguration(o -> o.apiCallTimeout(bodyTime())),
                    body())
                .eTag());
    parts.add(CompletedPart.builder().partNumber(number).eTag(etag).build());
    count = 0;
    int next = partBytes(number + 1, mostBytes);
    if (next != buffer.length) {
      // The old one goes first: both together may be more than the heap has.
      buffer = new byte[0];
      buffer = new byte[next];
    }
  }

  private String begun() {
    String id = uploadId;
    if (id == null) {
      id =
          s3.createMultipartUpload(b ->
                  encryption
                      .askedOf(b)
                      .bucket(bucket)
                      .key(key)
                      .metadata(metadata)
                      .contentType("application/octet-stream")
                      .overrideConfiguration(o -> o.apiCallTimeout(settings.callTimeout())))
              .uploadId();
      uploadId = id;
    }
    return id;
  }

  private RequestBody body() {
    byte[] bytes = buffer;
    int length = count;
    return RequestBody.fromContentProvider(
        () -> new ByteArrayInputStream(bytes, 0, length), length, "application/octet-stream");
  }

  /** Integrity without the CRC trailers that some stores refuse; null where the SDK adds those. */
  private @Nullable String md5() {
    if (settings.checksums() == ObjectStoreProperties.Checksums.WHEN_SUPPORTED) {
      return null;
    }
    try {
      MessageDigest md5 = MessageDigest.getInstance("MD5");
      md5.update(buffer, 0, count);
      return Base64.getEncoder().encodeToString(md5.digest());
    } catch (NoSuchAlgorithmException _) {
      // A JVM that is restricted to approved algorithms: the transport's checks must do.
      return null;
    }
  }

  private Duration bodyTime() {
    return settings.callTimeout().plusSeconds(count / SLOWEST_BYTES_PER_SECOND);
  }

  private <T> T guarded(Supplier<T> request) {
    String action = "writing s3://" + bucket + "/" + key;
    try {
      return request.get();
    } catch (S3Exception e) {
      if (e.statusCode() == 404
          && condition instanceof PutCondition.IfMatch
          && !S3Errors.code(e).equals("NoSuchBucket")
          && !S3Errors.code(e).equals("NoSuchUpload")) {
        throw S3Errors.failure(
            Reason.PRECONDITION_FAILED, action, "the object to replace is gone", e);
      }
      throw S3Errors.translate(action, (SdkException) e);
    } catch (SdkException e) {
      throw S3Errors.translate(action, e);
    }
  }

  private static @Nullable Instant date(@Nullable SdkHttpResponse response) {
    try {
      return response == null
          ? null
          : response
              .firstMatchingHeader("Date")
              .map(date -> DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from))
              .orElse(null);
    } catch (DateTimeException _) {
      return null;
    }
  }
}
