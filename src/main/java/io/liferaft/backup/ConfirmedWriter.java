package io.liferaft.backup;

import io.liferaft.objectstore.ObjectWriter;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes a copy for as long as this node leads, and ends well only when a quorum confirms, after
 * the last byte and so before the object becomes visible, that it still does. Remembers why it
 * failed, as the store wraps exceptions its own way.
 */
final class ConfirmedWriter implements ObjectWriter {

  private final DatabaseCopy copy;
  private final RaftNode node;
  private final long term;
  private boolean leadershipLost;
  private boolean copyRevoked;

  /**
   * @param term the one in which this node leads
   */
  ConfirmedWriter(DatabaseCopy copy, RaftNode node, long term) {
    this.copy = copy;
    this.node = node;
    this.term = term;
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    try {
      CopyDigest.write(copy, out, this::requireLeadership);
    } catch (SqliteException.CopyRevoked e) {
      copyRevoked = true;
      throw new IOException(e);
    }
  }

  @Override
  public void beforeVisible() throws IOException {
    if (!node.confirmLeadership() || !leads()) {
      leadershipLost = true;
      throw new IOException("a quorum does not confirm that this node leads");
    }
  }

  /** Costs nothing, and saves the rest of an upload that would be in vain. */
  private void requireLeadership() throws IOException {
    if (!leads()) {
      leadershipLost = true;
      throw new IOException("this node does not lead any more");
    }
  }

  private boolean leads() {
    NodeStatus status = node.status();
    return status.leads() && status.term() <= term;
  }

  /** Whether this is why it failed, or at least makes every other reason idle. */
  boolean leadershipLost() {
    return leadershipLost || !leads();
  }

  boolean copyRevoked() {
    return copyRevoked;
  }
}
