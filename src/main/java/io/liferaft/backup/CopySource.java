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

  /** Makes sure that the next copy holds everything applied before. */
  void forgetKept(String destination) {
    node.keptCopy(destination).ifPresent(ClusterCopy::close);
  }

  private @Nullable ClusterCopy kept(String destination) {
    ClusterCopy kept = node.keptCopy(destination).orElse(null);
    if (kept == null || kept.state().generation().equals(node.state().generation())) {
      return kept;
    }
    kept.close(); // the database has been replaced since
    return null;
  }

  /**
   * A copy for the caller to close: the one that another node's is to be held against, if there is
   * one, else one that holds everything applied before.
   *
   * @param destination fingerprint of the target
   */
  ClusterCopy take(String destination) throws IOException {
    ClusterCopy kept = kept(destination);
    ClusterCopy copy;
    if (open == null) {
      copy = kept == null ? node.copy(true, TIMEOUT) : kept;
    } else {
      copy = kept == null ? open.take(node, TIMEOUT) : open.of(kept);
    }
    Vacuuming smaller = vacuuming;
    if (smaller == null) {
      return copy;
    }
    try (copy) {
      return smaller.of(copy);
    }
  }
}
