package io.liferaft.objectstore;

import java.io.IOException;
import java.io.OutputStream;

/** Writes an object's bytes; may be called again from the start when an attempt is repeated. */
@FunctionalInterface
public interface ObjectWriter {

  /** Writes everything to {@code out} and does not close it. An exception makes the put fail. */
  void writeTo(OutputStream out) throws IOException;
}
