package io.liferaft.backup;

/** A quorum did not confirm that this node leads, or another one does: nothing was made visible. */
final class LeadershipLost extends RuntimeException {

  LeadershipLost() {
    super("a quorum does not confirm that this node leads");
  }
}
