package io.liferaft.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A term above which this node has never voted, in a file of its own. Ratis' {@code raft-meta},
 * which says in which term it voted for whom, is emptied when it is written to a full disk; whoever
 * has forgotten a vote must not vote again in that term, and may above this ceiling. The file is
 * written in place, so a full disk does no harm to it, and long before the ceiling is reached.
 */
final class TermCeiling {

  static final String FILE = "raft-term.ceiling";

  /** More elections than one moment can see. */
  private static final long HEADROOM = 1000;

  private static final int SLOT = 512;
  private static final int SLOTS = 2;

  private final Path file;
  private long ceiling = -1;
  private int slotInUse;

  TermCeiling(Path folder) {
    this.file = folder.resolve(FILE);
  }

  /** The ceiling; 0 when none is known. */
  synchronized long read() throws IOException {
    long highest = 0;
    if (Files.exists(file)) {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      for (int slot = 0; (slot + 1) * SLOT <= bytes.capacity(); slot++) {
        long term = bytes.getLong(slot * SLOT);
        if (bytes.getInt(slot * SLOT + Long.BYTES) == checksum(term)) {
          slotInUse = term >= highest ? slot : slotInUse;
          highest = Math.max(highest, term);
        }
      }
    }
    ceiling = highest;
    return highest;
  }

  /** Takes the room that the file will ever need. */
  synchronized void create() throws IOException {
    if (Files.notExists(file)) {
      write(0);
    }
  }

  /** Whether {@link #raise} would have something to do. */
  synchronized boolean near(long term) {
    return term + HEADROOM / 2 > ceiling;
  }

  /** Keeps the ceiling well above a term; durable on return. */
  synchronized void raise(long term) throws IOException {
    if (near(term) && term + HEADROOM > read()) {
      write(term + HEADROOM);
      ceiling = term + HEADROOM;
    }
  }

  /** After {@link #read}. */
  private void write(long term) throws IOException {
    // The slot that counts stays whole while the other one is written.
    int slot = (slotInUse + 1) % SLOTS;
    ByteBuffer bytes = ByteBuffer.allocate(SLOT);
    bytes.putLong(term).putInt(checksum(term)).clear();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      if (channel.size() == 0) {
        int _ = channel.write(ByteBuffer.allocate(SLOTS * SLOT), 0);
      }
      while (bytes.hasRemaining()) {
        int _ = channel.write(bytes, (long) slot * SLOT + bytes.position());
      }
      channel.force(true);
    }
  }

  private static int checksum(long term) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(Long.BYTES).putLong(0, term));
    return (int) crc.getValue();
  }
}
