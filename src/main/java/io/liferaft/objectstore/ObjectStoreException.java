package io.liferaft.objectstore;

import org.jspecify.annotations.Nullable;

/** A request to the object store that did not succeed. Its message holds no secret. */
public class ObjectStoreException extends RuntimeException {

  /** Why, as far as the caller's next step depends on it. */
  public enum Reason {
    /**
     * The credentials may not do this; S3 also answers so for a missing key to who may not list.
     */
    ACCESS_DENIED,
    /** The bucket or directory does not exist. */
    NO_SUCH_BUCKET,
    /** The key was there and is gone, or its newest version is a delete marker. */
    NOT_FOUND,
    /** A {@link PutCondition} did not hold: somebody else wrote. */
    PRECONDITION_FAILED,
    /** Unreachable, too slow, or an error of the store: worth another try. */
    UNAVAILABLE,
    /** Settings are missing or refused: region, credentials, endpoint. */
    CONFIGURATION
  }

  private final Reason reason;

  public ObjectStoreException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
