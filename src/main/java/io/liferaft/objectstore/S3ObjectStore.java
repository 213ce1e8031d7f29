package io.liferaft.objectstore;

import static io.liferaft.objectstore.S3Errors.explained;
import static io.liferaft.objectstore.S3Errors.failure;
import static io.liferaft.objectstore.S3Errors.translate;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/** One bucket of S3 or of a store that speaks S3. */
final class S3ObjectStore implements ObjectStore {

  private final S3Client s3;
  private final String bucket;
  private final ObjectStoreProperties.S3 settings;
  private final InstantSource clock;
  private final S3Copy copies;
  private volatile boolean keepsConditions = true;

  S3ObjectStore(
      S3Client s3, String bucket, ObjectStoreProperties.S3 settings, InstantSource clock) {
    this(s3, bucket, settings, clock, S3Copy.PART_BYTES);
  }

  /**
   * @param copyPartBytes objects above this size are copied in parts of at least this size
   */
  S3ObjectStore(
      S3Client s3,
      String bucket,
      ObjectStoreProperties.S3 settings,
      InstantSource clock,
      long copyPartBytes) {
    this.s3 = s3;
    this.bucket = bucket;
    this.settings = settings;
    this.clock = clock;
    this.copies = new S3Copy(s3, bucket, copyPartBytes, settings);
  }

  @Override
  public String location() {
    return "s3://" + bucket;
  }

  @Override
  public Optional<ObjectInfo> head(String key) {
    String action = "looking at " + address(key);
    try {
      return Optional.of(info(key, headObject(key)));
    } catch (S3Exception e) {
      if (e.statusCode() == 404) {
        return provablyMissing(action, e);
      }
      throw explained(action, e);
    } catch (SdkException e) {
      throw translate(action, e);
    }
  }

  /** A HEAD's 404 may also mean the bucket or a delete marker. */
  private Optional<ObjectInfo> provablyMissing(String action, S3Exception missing) {
    if ("true".equalsIgnoreCase(S3Errors.header(missing, "x-amz-delete-marker"))) {
      throw failure(
          Reason.NOT_FOUND,
          action,
          "its newest version is a delete marker: somebody deleted it. Remove the marker to have it"
              + " back, or delete every version to start without it",
          missing);
    }
    var _ = call(action, () -> S3Bucket.look(s3, bucket, action, settings.callTimeout()));
    return Optional.empty();
  }

  @Override
  public InputStream get(String key, long offset, @Nullable String etag) {
    return get(key, offset, etag, offset == 0 ? null : "bytes=" + offset + "-");
  }

  /** Some stores ignore the range and send everything. */
  @Override
  public InputStream getRange(String key, long offset, long bytes) {
    String range = "bytes=" + offset + "-" + (offset + bytes - 1);
    return new FirstBytes(get(key, offset, null, range), bytes);
  }

  private InputStream get(String key, long offset, @Nullable String etag, @Nullable String range) {
    String action = "reading " + address(key) + (offset == 0 ? "" : " from byte " + offset);
    try {
      ResponseInputStream<GetObjectResponse> body =
          s3.getObject(b ->
              b.bucket(bucket)
                  .key(key)
                  .ifMatch(etag)
                  .range(range)
                  .overrideConfiguration(o -> o.apiCallTimeout(settings.callTimeout())));
      return checked(action, body, offset, etag);
    } catch (S3Exception e) {
      if (e.statusCode() == 416) {
        return beyondEnd(key, action, offset, etag, e);
      }
      throw explained(action, e);
    } catch (SdkException e) {
      throw translate(action, e);
    }
  }

  private static InputStream checked(
      String action,
      ResponseInputStream<GetObjectResponse> body,
      long offset,
      @Nullable String etag) {
    GetObjectResponse response = body.response();
    if (etag != null && !etag.equals(quoted(response.eTag()))) {
      body.abort();
      throw failure(
          Reason.PRECONDITION_FAILED,
          action,
          "the object is " + response.eTag() + ", no longer " + etag,
          null);
    }
    Long length = response.contentLength();
    InputStream stream =
        length == null ? body : new WholeBodyInputStream(action, body, length, body::abort);
    if (offset == 0 || response.contentRange() != null) {
      return stream;
    }
    // Some stores ignore the range and send everything.
    try {
      stream.skipNBytes(offset);
      return stream;
    } catch (IOException e) {
      body.abort();
      throw failure(Reason.UNAVAILABLE, action, String.valueOf(e.getMessage()), e);
    }
  }

  private InputStream beyondEnd(
      String key, String action, long offset, @Nullable String etag, S3Exception cause) {
    ObjectInfo now =
        head(key).orElseThrow(() -> failure(Reason.NOT_FOUND, action, "it is gone", cause));
    if (now.sizeBytes() == offset && (etag == null || etag.equals(now.etag()))) {
      return InputStream.nullInputStream();
    }
    throw failure(
        Reason.PRECONDITION_FAILED, action, "it has only " + now.sizeBytes() + " bytes", cause);
  }

  @Override
  public ObjectInfo put(
      String key, Map<String, String> metadata, PutCondition condition, ObjectWriter writer) {
    try (S3Upload upload =
        new S3Upload(s3, bucket, key, metadata, condition, writer.mostBytes(), settings)) {
      writer.writeTo(new UnclosedOutputStream(upload));
      upload.sendLastPart();
      writer.beforeVisible();
      S3Upload.Stored stored;
      try {
        stored = upload.complete();
      } finally {
        if (upload.lookedOnly()) {
          keepsConditions = false;
        }
      }
      Instant modified = stored.date() == null ? clock.instant() : stored.date();
      return new ObjectInfo(
          key, stored.sizeBytes(), quoted(stored.etag()), stored.versionId(), modified, metadata);
    } catch (IOException e) {
      throw failure(
          Reason.UNAVAILABLE, "writing " + address(key), String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public boolean keepsConditions() {
    return keepsConditions;
  }

  @Override
  public ObjectInfo copy(String fromKey, String toKey) {
    String action = "copying " + address(fromKey) + " to " + toKey;
    return call(
        action,
        () -> {
          HeadObjectResponse source = headObject(fromKey);
          S3Copy.Copied copied = copies.copy(source, fromKey, toKey);
          return new ObjectInfo(
              toKey,
              source.contentLength(),
              quoted(copied.etag()),
              copied.versionId(),
              clock.instant(),
              source.metadata());
        });
  }

  @Override
  public List<ObjectInfo> list(String prefix) {
    return list(prefix, "");
  }

  @Override
  public List<ObjectInfo> list(String prefix, String after) {
    return call(
        "listing " + address(prefix) + "*",
        () ->
            s3
                .listObjectsV2Paginator(b ->
                    b.bucket(bucket)
                        .prefix(prefix)
                        .startAfter(after.isEmpty() ? null : after)
                        .overrideConfiguration(o -> o.apiCallTimeout(settings.callTimeout())))
                .contents()
                .stream()
                .map(S3ObjectStore::info)
                .toList());
  }

  @Override
  public int abortUploads(String prefix, Predicate<String> keys) {
    Duration timeout = settings.callTimeout();
    return call(
        "listing the unfinished uploads of " + address(prefix),
        () -> {
          List<MultipartUpload> found =
              s3
                  .listMultipartUploads(b ->
                      b.bucket(bucket)
                          .prefix(prefix)
                          .overrideConfiguration(o -> o.apiCallTimeout(timeout)))
                  .uploads()
                  .stream()
                  .filter(upload -> keys.test(upload.key()))
                  .toList();
          found.forEach(
              upload -> S3Copy.abort(s3, bucket, upload.key(), upload.uploadId(), timeout));
          return found.size();
        });
  }

  @Override
  public void delete(String key) {
    var _ =
        call(
            "deleting " + address(key),
            () ->
                s3.deleteObject(b ->
                    b.bucket(bucket)
                        .key(key)
                        .overrideConfiguration(o -> o.apiCallTimeout(settings.callTimeout()))));
  }

  private HeadObjectResponse headObject(String key) {
    Duration timeout = settings.callTimeout();
    return s3.headObject(
        b -> b.bucket(bucket).key(key).overrideConfiguration(o -> o.apiCallTimeout(timeout)));
  }

  private static <T> T call(String action, Supplier<T> request) {
    try {
      return request.get();
    } catch (S3Exception e) {
      throw explained(action, e);
    } catch (SdkException e) {
      throw translate(action, e);
    }
  }

  private String address(String key) {
    return location() + "/" + key;
  }

  private static ObjectInfo info(String key, HeadObjectResponse head) {
    return new ObjectInfo(
        key,
        head.contentLength(),
        quoted(head.eTag()),
        head.versionId(),
        head.lastModified() == null ? Instant.EPOCH : head.lastModified(),
        head.metadata());
  }

  private static ObjectInfo info(S3Object object) {
    return new ObjectInfo(
        object.key(), object.size(), quoted(object.eTag()), null, object.lastModified(), Map.of());
  }

  /** The same object has its etag with quotes in headers and, in some stores, without in XML. */
  static String quoted(@Nullable String etag) {
    if (etag == null) {
      return "";
    }
    return etag.startsWith("\"") || etag.startsWith("W/") ? etag : '"' + etag + '"';
  }
}
