package io.liferaft.raft;

/**
 * What a restore drill found, as the replicated state keeps it.
 *
 * @param destination fingerprint of the place
 * @param backup id of the restore point; the object's key where the place is no archive
 * @param generation the database's generation it holds; empty when it does not say
 * @param changeIndex the change index it holds; 0 when it does not say
 * @param sha256 of the database, as the backup's manifest has it; empty when it has none
 * @param sizeBytes of the database; -1 when unknown
 * @param timeMillis when the drill ended, by the clock of the node that held it, milliseconds since
 *     1970-01-01 UTC
 * @param tookMillis measured recovery time: from looking at the place until the fetched database
 *     had been checked
 * @param good whether it can be restored; else it is damaged
 * @param compared whether its contents were compared with a database at the same index, too
 * @param node id of the node that held the drill
 */
public record VerifiedRecord(
    String destination,
    String backup,
    String generation,
    long changeIndex,
    String sha256,
    long sizeBytes,
    long timeMillis,
    long tookMillis,
    boolean good,
    boolean compared,
    String node) {

  /** Characters that all texts of one may have together: S3's longest key, and room. */
  private static final int MOST = 2048;

  /** Whether it is short enough to be kept. */
  boolean fits() {
    long length = (long) destination.length() + backup.length() + generation.length();
    return length + sha256.length() + node.length() <= MOST;
  }
}
