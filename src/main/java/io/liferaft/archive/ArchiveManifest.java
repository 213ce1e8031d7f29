package io.liferaft.archive;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A backup of an archive.
 *
 * @param head what it says of itself; its hash is {@link ChunkTable#treeSha256}
 * @param table all chunks, those that only its base tells included
 * @param baseId the backup that its manifest is told against; null when it is told whole
 * @param told chunks that its manifest tells; all when it has no base
 * @param key that it is encrypted with; null when it is not
 */
record ArchiveManifest(
    BackupId id,
    BackupManifest head,
    ChunkTable table,
    @Nullable BackupId baseId,
    BitSet told,
    @Nullable WrappedKey key) {

  /** What the key of a manifest is derived by. */
  static String purpose(BackupId id) {
    return "liferaft manifest " + id.fileName();
  }

  /**
   * A manifest as it lies in the store.
   *
   * @param told entries of these chunks only, in this order
   */
  record Entries(
      BackupId id, BackupManifest head, @Nullable BackupId baseId, ChunkTable told, int[] chunks) {}
}
