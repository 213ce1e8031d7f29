package io.liferaft.backup;

import org.jspecify.annotations.Nullable;

/** A restore point cannot be looked at or handed out; the message says why. */
public final class RestorePointException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int status;

  RestorePointException(int status, @Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /**
   * As HTTP has it: 404 for one that is not there, 409 for what this place or moment does not
   * allow, 503 for trouble that may pass.
   */
  public int status() {
    return status;
  }
}
