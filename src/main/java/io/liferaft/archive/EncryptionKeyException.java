package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStoreException;
import org.jspecify.annotations.Nullable;

/**
 * A key is missing, or is another one than it was: what is encrypted with it is neither read nor
 * taken for damaged. The message names the key's id, and no secret.
 */
public class EncryptionKeyException extends ObjectStoreException {

  EncryptionKeyException(String message, @Nullable Throwable cause) {
    super(Reason.CONFIGURATION, message, cause);
  }
}
