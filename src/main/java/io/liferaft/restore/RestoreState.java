package io.liferaft.restore;

import java.time.Instant;

/**
 * What this node knows of the cluster's one restore. A bean {@code Supplier<RestoreState>} gives
 * the current one. Only the done states let the node be ready.
 */
public sealed interface RestoreState {

  /** No leader is known yet, or the cluster is still forming. */
  record Waiting(String reason) implements RestoreState {}

  /** Another node leads and decides. */
  record Following(String leaderId) implements RestoreState {}

  /** This node leads and asks the store. */
  record Looking(String source) implements RestoreState {}

  /** Bytes are those of the stored object. */
  record Downloading(String source, long bytes, long totalBytes, Instant since)
      implements RestoreState {}

  record Verifying(String source, long bytes) implements RestoreState {}

  /** Bytes of the database that have entered the log. */
  record Loading(String source, long bytes, long totalBytes, Instant since)
      implements RestoreState {}

  /** An attempt failed; the next is at the given time. */
  record Failed(String source, String reason, int attempts, Instant next) implements RestoreState {}

  /**
   * Over; the node may be ready. Outcome in one word: restored, nothing-there, disabled, skipped …
   */
  record Done(String outcome) implements RestoreState {}
}
