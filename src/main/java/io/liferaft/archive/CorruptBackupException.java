package io.liferaft.archive;

import org.jspecify.annotations.Nullable;

/** A backup's bytes are not what they should be. The message names the object. */
public class CorruptBackupException extends RuntimeException {

  /** The pack whose chunks are wrong, as {@code BackupArchive.markDamaged} takes it. */
  private final @Nullable String pack;

  public CorruptBackupException(String message, @Nullable Throwable cause) {
    this(message, cause, null);
  }

  /**
   * Of an archive.
   *
   * @param pack name of the pack whose chunks are wrong; null when it is something else
   */
  CorruptBackupException(String message, @Nullable Throwable cause, @Nullable String pack) {
    super(message, cause);
    this.pack = pack;
  }

  @Nullable String pack() {
    return pack;
  }
}
