package io.liferaft.raft;

/** How far the one restore of this cluster's life has come, as the replicated state knows it. */
public sealed interface RestoreRecord {

  /** Nobody has decided yet. */
  record Undecided() implements RestoreRecord {}

  /**
   * A leader is restoring, or was and is gone: client data requests are refused.
   *
   * @param attempt log index of the entry that began it
   * @param source address of the place restored from, without secrets
   */
  record Begun(long attempt, String source) implements RestoreRecord {}

  /** It is over, for ever: clients are served, no node of this cluster restores again. */
  record Ended(Outcome outcome, long timeMillis) implements RestoreRecord {}

  /** How it ended. */
  enum Outcome {
    RESTORED,
    /** The store answered that there is no backup. */
    NOTHING_THERE,
    /** Restore is switched off or has no source. */
    DISABLED,
    /** It failed and the policy is to start empty. */
    STARTED_EMPTY
  }
}
