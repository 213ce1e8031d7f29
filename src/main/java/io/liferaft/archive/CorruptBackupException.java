package io.liferaft.archive;

import org.jspecify.annotations.Nullable;

/** A backup's bytes are not what they should be. The message names the object. */
public class CorruptBackupException extends RuntimeException {

  public CorruptBackupException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
