package io.liferaft.raft;

import java.util.Optional;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;

/**
 * What this node has applied last, to be held against its leader.
 *
 * @param fingerprint see {@link EntryFingerprint}
 */
record OwnEnd(String peerId, TermIndex applied, long fingerprint) {

  /** Empty when nothing has been applied. */
  static Optional<OwnEnd> of(RaftServer.Division division) {
    TermIndex applied = division.getStateMachine().getLastAppliedTermIndex();
    return applied == null || applied.getIndex() < 0
        ? Optional.empty()
        : Optional.of(
            new OwnEnd(
                division.getMemberId().getPeerId().toString(),
                applied,
                EntryFingerprint.of(division.getRaftLog(), applied.getIndex())));
  }
}
