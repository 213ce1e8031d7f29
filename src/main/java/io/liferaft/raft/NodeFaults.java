package io.liferaft.raft;

import org.jspecify.annotations.Nullable;

/**
 * What is wrong with this node itself, as far as it lasts. Told by the opening and the apply
 * thread; may be asked from any.
 */
final class NodeFaults {

  private final Corruption corruption = new Corruption();
  private volatile @Nullable String failure;
  private volatile @Nullable String stuck;

  /** Why it could not be opened; null when it could. */
  @Nullable String failure() {
    return failure;
  }

  boolean failed() {
    return failure != null;
  }

  /** It cannot be opened; null when it has been. */
  void failed(@Nullable String reason) {
    failure = reason;
  }

  /** Whether entries cannot be applied now. */
  boolean isStuck() {
    return stuck != null;
  }

  /** Entries cannot be applied now; null when they can. */
  void stuck(@Nullable String problem) {
    stuck = problem;
  }

  Corruption corruption() {
    return corruption;
  }

  /**
   * One sentence; null for nothing.
   *
   * @param applied index of the last entry applied
   */
  @Nullable String sentence(long applied) {
    String own = failure != null ? failure : stuck;
    return own != null ? own : corruption.problem(applied);
  }
}
