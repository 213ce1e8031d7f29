package io.liferaft.objectstore;

import java.io.IOException;
import java.io.OutputStream;

/** Writes an object's bytes; may be called again from the start when an attempt is repeated. */
@FunctionalInterface
public interface ObjectWriter {

  /** Writes everything to {@code out} and does not close it. An exception makes the put fail. */
  void writeTo(OutputStream out) throws IOException;

  /**
   * No more bytes than these come: a store that has to divide them can do so evenly. {@link
   * Long#MAX_VALUE} when nobody knows.
   */
  default long mostBytes() {
    return Long.MAX_VALUE;
  }

  /**
   * All bytes are with the store, and only what makes them visible is missing. An exception makes
   * the put fail.
   */
  default void beforeVisible() throws IOException {}
}
