package io.liferaft.raft;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When nodes leave the cluster without being told to.
 *
 * @param onShutdown whether this node has itself removed when it stops
 * @param votersAfter silence after which the leader removes a voter; null for never
 * @param nonVotersAfter the same for a non-voter
 */
record Leaving(
    boolean onShutdown, @Nullable Duration votersAfter, @Nullable Duration nonVotersAfter) {

  /** Nobody leaves. */
  static final Leaving NEVER = new Leaving(false, null, null);
}
