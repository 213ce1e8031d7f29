package io.liferaft.raft;

import org.jspecify.annotations.Nullable;

/** A write whose fate is unknown: it may or may not be applied. Answered as 503 saying so. */
public class CommitUnknownException extends RuntimeException {
  public CommitUnknownException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
