package io.liferaft.sqlite;

import org.jspecify.annotations.Nullable;

/** Closes one thing after another, whatever each says, and reports the first trouble at the end. */
final class Closer {

  private @Nullable Exception first;

  void close(@Nullable AutoCloseable resource) {
    if (resource == null) {
      return;
    }
    try {
      resource.close();
    } catch (Exception e) {
      if (first == null) {
        first = e;
      }
    }
  }

  void finish() {
    if (first != null) {
      throw new SqliteException("closing the database failed: " + first.getMessage(), first);
    }
  }
}
