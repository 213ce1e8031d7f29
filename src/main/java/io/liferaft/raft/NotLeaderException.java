package io.liferaft.raft;

/**
 * No leader could be found or reached in time; nothing was changed. Answered as 503 {@code leader
 * not found}.
 */
public class NotLeaderException extends RuntimeException {
  public NotLeaderException(String message) {
    super(message);
  }
}
