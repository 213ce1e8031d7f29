package io.liferaft.backup;

import io.liferaft.objectstore.ObjectWriter;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes a copy and ends well only when a quorum confirms, after the last byte and so before the
 * object becomes visible, that this node still leads. Remembers why it failed, as the store wraps
 * exceptions its own way.
 */
final class ConfirmedWriter implements ObjectWriter {

  private final DatabaseCopy copy;
  private final RaftNode node;
  private boolean leadershipLost;
  private boolean copyRevoked;

  ConfirmedWriter(DatabaseCopy copy, RaftNode node) {
    this.copy = copy;
    this.node = node;
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    try {
      CopyDigest.write(copy, out);
    } catch (SqliteException.CopyRevoked e) {
      copyRevoked = true;
      throw new IOException(e);
    }
    if (!node.confirmLeadership()) {
      leadershipLost = true;
      throw new IOException("a quorum does not confirm that this node leads");
    }
  }

  boolean leadershipLost() {
    return leadershipLost;
  }

  boolean copyRevoked() {
    return copyRevoked;
  }
}
