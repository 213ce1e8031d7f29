package io.liferaft.restore;

import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.EncryptionKeyException;
import io.liferaft.archive.NoSuchPointException;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.restore.RestoreDecision.Fault;
import io.liferaft.sqlite.SqliteException;
import org.jspecify.annotations.Nullable;

/** An attempt that failed, told so that an operator can act on it. */
final class RestoreFailure extends RuntimeException {

  private final Fault fault;
  private final String kind;

  RestoreFailure(Fault fault, String kind, String sentence, @Nullable Throwable cause) {
    super(sentence, cause);
    this.fault = fault;
    this.kind = kind;
  }

  Fault fault() {
    return fault;
  }

  /** The same for failures that need no second warning. */
  String kind() {
    return kind;
  }

  String sentence() {
    String message = getMessage();
    return message == null ? kind : message;
  }

  static RestoreFailure of(Exception e, String source) {
    return switch (e) {
      case RestoreFailure failure -> failure;
      case EncryptionKeyException key ->
          // Neither an empty cluster nor an older backup is an answer to a missing key.
          new RestoreFailure(
              Fault.NODE,
              "KEY",
              "The backup at %s cannot be decrypted: %s".formatted(source, key.getMessage()),
              key);
      case NoSuchPointException point ->
          new RestoreFailure(
              Fault.STORE,
              "POINT",
              "%s has no backup for liferaft.restore.point: correct it, or remove it to restore the newest (%s)"
                  .formatted(source, point.getMessage()),
              point);
      case ObjectStoreException store ->
          new RestoreFailure(Fault.STORE, store.reason().name(), store(store, source), store);
      case CorruptBackupException corrupt ->
          new RestoreFailure(
              Fault.BACKUP,
              "CORRUPT",
              "The backup at %s is damaged: %s. Put a good one in its place (an older version, a preserved copy), or name one as liferaft.restore.source"
                  .formatted(source, corrupt.getMessage()),
              corrupt);
      case SqliteException.InvalidDatabase invalid ->
          new RestoreFailure(
              Fault.BACKUP,
              "INVALID",
              "The backup at %s is no sound SQLite database: %s. Put a good one in its place (an older version, a preserved copy), or name one as liferaft.restore.source"
                  .formatted(source, invalid.getMessage()),
              invalid);
      default ->
          new RestoreFailure(
              Fault.NODE,
              e.getClass().getName(),
              "Restoring from %s failed on this node: %s".formatted(source, e),
              e);
    };
  }

  private static String store(ObjectStoreException e, String source) {
    String sentence =
        switch (e.reason()) {
          case ACCESS_DENIED ->
              "Access to %s is denied. S3 answers so for a missing object, too, when the credentials"
                  + " may not list the bucket: grant s3:GetObject on the object and s3:ListBucket on"
                  + " the bucket";
          case NO_SUCH_BUCKET ->
              "The bucket or directory of %s does not exist: create or mount it, or correct"
                  + " liferaft.restore.source";
          case NOT_FOUND ->
              "The backup at %s has been deleted (its newest version is a delete marker, or it vanished"
                  + " while it was read): bring back a version, or set liferaft.restore.enabled=false"
                  + " to start empty";
          case PRECONDITION_FAILED ->
              "The backup at %s was replaced while it was read: the next attempt takes the new one";
          case UNAVAILABLE -> "%s cannot be reached or does not answer in time";
          case CONFIGURATION ->
              source.startsWith("file:")
                  ? "%s is no backup: correct liferaft.restore.source"
                  : "The settings do not let this node use %s: look at region, endpoint and"
                      + " credentials under spring.cloud.aws";
        };
    return sentence.formatted(source) + " (" + e.getMessage() + ")";
  }
}
