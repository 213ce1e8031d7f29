package io.liferaft.restore;

import org.jspecify.annotations.Nullable;

/** A restore that an operator asks for and that is not begun; the message says why. */
final class RestoreRefusal extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int status;

  /**
   * @param status as HTTP has it
   */
  RestoreRefusal(int status, @Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  int status() {
    return status;
  }
}
