package io.liferaft.sqlite;

/** A statement's own failure: the same on every node, and the client's to know. */
final class SqlFailure extends Exception {

  private static final long serialVersionUID = 1L;

  SqlFailure(String message) {
    super(message, null, false, false);
  }

  String text() {
    return String.valueOf(getMessage());
  }
}
