package io.liferaft.archive;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a prune has deleted, or would delete now.
 *
 * @param dryRun nothing was deleted
 * @param kept how many restore points stay
 * @param backups ids of the restore points that went
 * @param packs names of the packs that went
 * @param packBytes their size
 * @param more some are left for the next time
 * @param problem why less was deleted than was due; null when nothing was in the way
 */
public record PruneReport(
    boolean dryRun,
    int kept,
    List<String> backups,
    List<String> packs,
    long packBytes,
    boolean more,
    @Nullable String problem) {

  public PruneReport {
    backups = List.copyOf(backups);
    packs = List.copyOf(packs);
  }

  static PruneReport nothing(boolean dryRun, @Nullable String problem) {
    return new PruneReport(dryRun, 0, List.of(), List.of(), 0, false, problem);
  }
}
