package io.liferaft.raft;

/** What was asked for is refused for good (an invalid database file, an unknown node): 4xx. */
public class RequestRefusedException extends RuntimeException {
  public RequestRefusedException(String message) {
    super(message);
  }
}
