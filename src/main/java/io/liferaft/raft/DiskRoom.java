package io.liferaft.raft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the data directory's disk has room. Looked at by the events' thread, and by the opening
 * one before it opens; what was seen last may be asked from any.
 */
final class DiskRoom {

  private static final Logger log = LoggerFactory.getLogger(DiskRoom.class);

  /** Ratis' small files must always find room: an election that cannot be written down is lost. */
  private static final long RESERVED_BYTES = 16L * 1024 * 1024;

  /** Below this Ratis is not even started: its first election could not be written down. */
  private static final long OPEN_BYTES = 4L * 1024 * 1024;

  private final Path dataDir;
  private final LongSupplier usableBytes;
  private volatile boolean enough = true;

  DiskRoom(Path dataDir, LongSupplier usableBytes) {
    this.dataDir = dataDir;
    this.usableBytes = usableBytes;
  }

  /** Whether there was room for the log's own files beside what clients write. */
  boolean enough() {
    return enough;
  }

  void look() {
    boolean now = usableBytes.getAsLong() >= RESERVED_BYTES;
    if (enough && !now) {
      log.error(
          "The disk of {} is full but for {} bytes: no client's write is taken until there is room",
          dataDir,
          RESERVED_BYTES);
    }
    enough = now;
  }

  void checkToOpen() throws IOException {
    long usable = usableBytes.getAsLong();
    if (usable < OPEN_BYTES) {
      throw new IOException(
          "the disk of %s is full: %d bytes are free, at least %d must be: make room, this node goes on by itself"
              .formatted(dataDir, usable, OPEN_BYTES));
    }
  }
}
