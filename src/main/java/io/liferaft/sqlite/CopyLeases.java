package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** The copies of one main file that are being read; while there are any the file stays as it is. */
final class CopyLeases {

  private enum State {
    OPEN,
    PAUSED,
    CLOSED
  }

  private final Set<LeasedCopy> copies = new HashSet<>();
  private State state = State.OPEN;
  private String reason = "";

  /** A new copy; waits while the file is being changed. */
  synchronized LeasedCopy lease(
      MainFile main, ChangedUnits changes, Supplier<SnapshotRecord> record) {
    while (state == State.PAUSED) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new SqliteException("interrupted while waiting for a checkpoint", e);
      }
    }
    if (state == State.CLOSED) {
      throw new SqliteException(reason);
    }
    LeasedCopy copy = new LeasedCopy(main, record.get(), changes);
    copies.add(copy);
    return copy;
  }

  /**
   * Keeps new copies waiting.
   *
   * @param revoke takes open copies away
   * @return false when copies are open and stay so; nothing is paused then
   */
  synchronized boolean pause(boolean revoke) {
    if (!copies.isEmpty() && !revoke) {
      return false;
    }
    state = State.PAUSED;
    revokeAll();
    return true;
  }

  synchronized void resume() {
    state = State.OPEN;
    notifyAll();
  }

  /** No more copies; those who wait are told why. */
  synchronized void close(String why) {
    state = State.CLOSED;
    reason = why;
    revokeAll();
    notifyAll();
  }

  private void revokeAll() {
    List.copyOf(copies).forEach(LeasedCopy::revoke);
    copies.clear();
  }

  private synchronized void ended(LeasedCopy copy) {
    copies.remove(copy);
  }

  /** Reads hold the copy's monitor, so that a revoked copy reads nothing once revoked. */
  final class LeasedCopy implements DatabaseCopy {
    private final MainFile main;
    private final SnapshotRecord record;
    private final ChangedUnits changes;
    private final FilePosition position;
    private boolean revoked;
    private boolean closed;

    LeasedCopy(MainFile main, SnapshotRecord record, ChangedUnits changes) {
      this.main = main;
      this.record = record;
      this.changes = changes;
      this.position = changes.position();
    }

    @Override
    public byte[] payload() {
      return record.payload().clone();
    }

    @Override
    public boolean foreignKeys() {
      return record.foreignKeys();
    }

    @Override
    public long sizeBytes() {
      return record.sizeBytes();
    }

    @Override
    public FilePosition position() {
      return position;
    }

    @Override
    public Optional<BitSet> changedSince(FilePosition earlier) {
      return changes.between(earlier, position, record.sizeBytes());
    }

    @Override
    public synchronized int read(long offset, ByteBuffer into) throws IOException {
      if (revoked) {
        throw new SqliteException.CopyRevoked(
            "the copy was given up because the database has moved on: start over");
      }
      if (closed) {
        throw new IOException("the copy is closed");
      }
      long left = record.sizeBytes() - offset;
      if (left <= 0) {
        return -1;
      }
      if (left >= into.remaining()) {
        return main.read(offset, into);
      }
      int limit = into.limit();
      into.limit(into.position() + (int) left);
      try {
        return main.read(offset, into);
      } finally {
        into.limit(limit);
      }
    }

    private synchronized void revoke() {
      revoked = true;
    }

    @Override
    public void close() {
      synchronized (this) {
        closed = true;
      }
      ended(this);
    }
  }
}
