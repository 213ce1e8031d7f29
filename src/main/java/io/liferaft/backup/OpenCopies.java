package io.liferaft.backup;

import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.FilePosition;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The copies that backups to two targets read at the same time. A copy puts checkpoints off, so one
 * that a store takes slowly, or not at all, would keep the other target from everything newer.
 * Whoever has waited for that moves it into a file of its own, from which its reader goes on. Any
 * thread.
 */
final class OpenCopies {

  private static final Logger log = LoggerFactory.getLogger(OpenCopies.class);

  private static final String PREFIX = "moved-";

  /** Left to the log and to everybody else on the disk. */
  private static final long SPARED_BYTES = 64L << 20;

  private final Path folder;
  private final Duration patience;
  private final Set<MovableCopy> open = ConcurrentHashMap.newKeySet();
  private boolean swept;

  /**
   * @param folder of the node, for files that are worth nothing after a restart
   * @param patience how long one waits for the other's copy to end by itself
   */
  OpenCopies(Path folder, Duration patience) {
    this.folder = folder;
    this.patience = patience;
  }

  /**
   * A copy of this node's database that holds every change applied before.
   *
   * @param limit for all waiting
   * @throws NotReadyException when there is none within the limit
   */
  ClusterCopy take(RaftNode node, Duration limit) {
    long tries = Math.max(1, limit.dividedBy(patience));
    while (true) {
      try {
        return of(node.copy(true, patience));
      } catch (NotReadyException e) {
        if (--tries <= 0) {
          throw e;
        }
        log.debug("Other copies are in the way of a backup's", e);
        open.forEach(MovableCopy::move);
      }
    }
  }

  /** A copy that is moved when another waits; closing it closes the one it is of. */
  ClusterCopy of(ClusterCopy copy) {
    MovableCopy movable = new MovableCopy(copy.file());
    open.add(movable);
    return new ClusterCopy(movable, copy.state(), copy.term());
  }

  private synchronized Path newFile(long bytes) throws IOException {
    Files.createDirectories(folder);
    if (!swept) {
      swept = true;
      try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(folder, PREFIX + "*")) {
        for (Path leftover : leftovers) {
          Files.deleteIfExists(leftover);
        }
      }
    }
    if (Files.getFileStore(folder).getUsableSpace() - SPARED_BYTES < bytes) {
      throw new IOException("the disk of %s has no room for %d bytes".formatted(folder, bytes));
    }
    return Files.createTempFile(folder, PREFIX, ".sqlite");
  }

  /** Reads from the lease until it has been moved, then from a file. */
  private final class MovableCopy implements DatabaseCopy {

    private final DatabaseCopy lease;
    private @Nullable DatabaseCopy moved;
    private boolean closed;

    MovableCopy(DatabaseCopy lease) {
      this.lease = lease;
    }

    @Override
    public byte[] payload() {
      return lease.payload();
    }

    @Override
    public boolean foreignKeys() {
      return lease.foreignKeys();
    }

    @Override
    public long sizeBytes() {
      return lease.sizeBytes();
    }

    @Override
    public @Nullable FilePosition position() {
      return lease.position();
    }

    @Override
    public Optional<BitSet> changedSince(FilePosition earlier) {
      return lease.changedSince(earlier);
    }

    @Override
    public synchronized int read(long offset, ByteBuffer into) throws IOException {
      DatabaseCopy from = moved;
      return from == null ? lease.read(offset, into) : from.read(offset, into);
    }

    /** Ends the lease, unless the disk has no room; then it ends when its reader does. */
    void move() {
      if (moved()) {
        return;
      }
      try {
        Path file = newFile(sizeBytes());
        try {
          CopyFile.write(lease, file);
          take(file);
        } finally {
          // Once it is open it needs its name no more.
          Files.deleteIfExists(file);
        }
      } catch (SqliteException | IOException e) {
        log.debug("A copy that another backup waits for stays where it is", e);
      }
    }

    private synchronized boolean moved() {
      return moved != null || closed;
    }

    private synchronized void take(Path file) throws IOException {
      if (moved == null && !closed) {
        moved = new PrivateCopy(file, lease.payload());
        lease.close();
      }
    }

    @Override
    public void close() {
      open.remove(this);
      synchronized (this) {
        closed = true;
        lease.close();
        if (moved != null) {
          moved.close();
        }
      }
    }
  }
}
