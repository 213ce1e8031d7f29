package io.liferaft.raft;

/**
 * What the cluster knows about capturing row changes.
 *
 * @param captured whether writes are captured: on every node or on none, since it costs steps
 * @param sinceIndex log index of the entry that began it; -1 for none
 * @param deliveredIndex log index up to which all changes have been delivered; -1 for none
 */
public record ChangesRecord(boolean captured, long sinceIndex, long deliveredIndex) {

  /** Of a cluster that has never captured any. */
  public static final ChangesRecord NONE = new ChangesRecord(false, -1, -1);
}
