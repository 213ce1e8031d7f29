package io.liferaft.restore;

import java.time.Instant;
import java.util.List;

/**
 * Which backup this node has restored.
 *
 * @param source the place, without secrets
 * @param fingerprint of the place
 * @param backup the restore point's id, or the object
 * @param changeIndex the last change that it holds; 0 when it does not say
 * @param created when it was made
 * @param sha256 of the database, as the backup's format names it
 * @param passedOver newer ones that are damaged, newest first
 */
record Restored(
    String source,
    String fingerprint,
    String backup,
    long changeIndex,
    Instant created,
    String sha256,
    List<PassedOver> passedOver) {

  Restored {
    passedOver = List.copyOf(passedOver);
  }

  /**
   * A backup that was not taken.
   *
   * @param reason one sentence
   */
  record PassedOver(String backup, Instant created, String reason) {}
}
