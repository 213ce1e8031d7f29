package io.liferaft.backup;

import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDecision.Reason;
import org.jspecify.annotations.Nullable;

/** What operators read in logs, health details and the endpoint. */
final class BackupSentences {

  private BackupSentences() {}

  static String refused(TargetRole role, String location, StoredBackup stored) {
    return "The database is empty and would replace a backup that may hold data ("
        + location
        + " of "
        + stored.stored()
        + "): move that object away, or set another "
        + role.setting()
        + ", if that is what you want";
  }

  /**
   * @param own lineage of this cluster
   */
  static String stopped(TargetRole role, String location, StoredBackup foreign, String own) {
    if (own.equals(foreign.manifest().clusterId())) {
      return "The backup at "
          + location
          + " ("
          + foreign.stored()
          + ", generation "
          + known(foreign.manifest().generation())
          + ") is this cluster's own, but this cluster knows nothing of it: it is ahead of what is"
          + " here (disks set back, a recovered node that lagged) or was written by another part of"
          + " it. Uploads are stopped; keep that object if it holds what you miss, then POST"
          + " /actuator/backup here to go on";
    }
    return "Somebody else replaced this cluster's backup at "
        + location
        + " (cluster "
        + known(foreign.manifest().clusterId())
        + ", generation "
        + known(foreign.manifest().generation())
        + ", "
        + foreign.stored()
        + "): two live clusters share the target. Uploads are stopped; give one of them another "
        + role.setting()
        + ", then POST /actuator/backup here to go on";
  }

  /** What an object says of itself, if it does: rqlite's does not. */
  static String known(@Nullable String said) {
    return said == null ? "unknown" : said;
  }

  static String skipped(Reason reason) {
    return switch (reason) {
      case NOT_LEADER -> "This node does not lead";
      case NOT_READY -> "The cluster is forming or its restore has not ended";
      case STOPPED -> "Uploads are stopped until an operator decides";
      case BACKING_OFF -> "The last attempt failed; the next one waits";
      case NOTHING_WRITTEN -> "Nothing has been written yet";
      case UNCHANGED -> "Nothing has changed since the last backup";
      case REFUSED -> "An empty database does not replace a backup that holds data";
    };
  }
}
