package io.liferaft.backup;

import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.RaftNode;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Where the rounds of one target have the database from, as it is to be stored. */
final class CopySource {

  /** Waiting for a checkpoint, not for the bytes. */
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final RaftNode node;
  private final @Nullable Vacuuming vacuuming;
  private final @Nullable OpenCopies open;

  /**
   * @param vacuuming null when the database is sent as it is
   * @param open shared with the other target's source; null when there is no other target
   */
  CopySource(RaftNode node, @Nullable Vacuuming vacuuming, @Nullable OpenCopies open) {
    this.node = node;
    this.vacuuming = vacuuming;
    this.open = open;
  }

  /** A copy for the caller to close. */
  ClusterCopy take() throws IOException {
    ClusterCopy copy = open == null ? node.copy(true, TIMEOUT) : open.take(node, TIMEOUT);
    Vacuuming smaller = vacuuming;
    if (smaller == null) {
      return copy;
    }
    try (copy) {
      return smaller.of(copy);
    }
  }
}
