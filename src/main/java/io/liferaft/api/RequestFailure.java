package io.liferaft.api;

/** An answer other than success, thrown where it is found out: a status and a line of text. */
final class RequestFailure extends RuntimeException {

  private final int status;

  RequestFailure(int status, String text) {
    super(text);
    this.status = status;
  }

  static RequestFailure badRequest(String text) {
    return new RequestFailure(400, text);
  }

  int status() {
    return status;
  }

  String text() {
    return String.valueOf(getMessage());
  }

  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
