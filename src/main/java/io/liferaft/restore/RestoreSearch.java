package io.liferaft.restore;

import io.liferaft.archive.StoredBackup;
import org.jspecify.annotations.Nullable;

/**
 * Where an attempt looks for a backup, and what it has to know of other places.
 *
 * @param source the place that is asked
 * @param begun an earlier attempt has begun, from this source or the other
 * @param other another place to ask when nothing is here; null for none
 * @param rival a place that may hold a newer backup; null for none
 * @param than a backup elsewhere that an older one is not to be taken instead of; null for none
 */
record RestoreSearch(
    String source,
    boolean begun,
    @Nullable String other,
    @Nullable String rival,
    @Nullable StoredBackup than) {

  /**
   * Another place that has to be asked.
   *
   * @param than what was found before, which is older; null when nothing was
   */
  record Elsewhere(String source, @Nullable StoredBackup than) {}

  /** The search goes on there, and ends there. */
  RestoreSearch at(Elsewhere further) {
    return new RestoreSearch(further.source(), begun, null, null, further.than());
  }
}
