package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStoreException;

/** An archive has backups, and none for the restore point that was asked for. */
public class NoSuchPointException extends ObjectStoreException {

  /**
   * @param message what there is instead
   */
  public NoSuchPointException(String message) {
    super(Reason.CONFIGURATION, message, null);
  }
}
