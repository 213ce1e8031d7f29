package io.liferaft.raft;

import java.time.Duration;

/**
 * This cluster takes no client data request now: the node is opening, the cluster is forming, or a
 * restore has not ended. Nothing was changed. Answered as 503 with Retry-After.
 */
public class NotReadyException extends RuntimeException {
  private final transient Duration retryAfter;

  public NotReadyException(String message, Duration retryAfter) {
    super(message);
    this.retryAfter = retryAfter;
  }

  public Duration retryAfter() {
    return retryAfter;
  }
}
