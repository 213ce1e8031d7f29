package io.liferaft.raft;

/** How current a read is; names and meanings are rqlite's. */
public enum ReadLevel {
  /** Whatever this node has; works without leader or quorum. */
  NONE,
  /** Answered by a node that believes it leads; may be stale for as long as a leader lease. */
  WEAK,
  /** Sees every write acknowledged before it began (Raft dissertation, section 6.4). */
  LINEARIZABLE,
  /** Goes through the log itself. */
  STRONG,
  /** Weak on a voter, none on a non-voter. */
  AUTO
}
