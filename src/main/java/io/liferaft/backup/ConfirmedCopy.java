package io.liferaft.backup;

import io.liferaft.archive.DatabaseSource;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.BackgroundIo;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.FilePosition;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A copy that is read for as long as this node leads, and whose backup ends well only when a quorum
 * confirms, after the last byte and so before it becomes visible, that it still does. Remembers why
 * it failed, as the store wraps exceptions its own way.
 */
final class ConfirmedCopy implements DatabaseSource {

  private final DatabaseCopy copy;
  private final RaftNode node;
  private final long term;
  private boolean leadershipLost;
  private boolean copyRevoked;

  /**
   * @param term the one in which this node leads
   */
  ConfirmedCopy(DatabaseCopy copy, RaftNode node, long term) {
    this.copy = copy;
    this.node = node;
    this.term = term;
  }

  @Override
  public long sizeBytes() {
    return copy.sizeBytes();
  }

  @Override
  public int read(long offset, ByteBuffer into) throws IOException {
    requireLeadership();
    try {
      return BackgroundIo.read(() -> copy.read(offset, into));
    } catch (SqliteException.CopyRevoked e) {
      copyRevoked = true;
      throw new IOException(e);
    }
  }

  @Override
  public @Nullable Mark mark() {
    FilePosition position = copy.position();
    return position == null ? null : new Mark(position.file(), position.checkpoint());
  }

  @Override
  public Optional<BitSet> changedSince(Mark earlier) {
    return copy.changedSince(new FilePosition(earlier.file(), earlier.state()));
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
