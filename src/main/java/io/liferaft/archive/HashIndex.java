package io.liferaft.archive;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Finds the chunk of a table by its hash: four bytes of memory for half a chunk. */
final class HashIndex {

  private final ChunkTable table;
  private final int[] slots;

  HashIndex(ChunkTable table) {
    this.table = table;
    this.slots = new int[Integer.highestOneBit(Math.max(1, table.count())) << 2];
    Arrays.fill(slots, -1);
    for (int i = 0; i < table.count(); i++) {
      int at = slot(table.hashes(), i * ChunkTable.HASH_BYTES);
      if (slots[at] < 0) {
        slots[at] = i;
      }
    }
  }

  /**
   * The first chunk with that hash.
   *
   * @return -1 when there is none
   */
  int find(byte[] hashes, int at) {
    return slots[slot(hashes, at)];
  }

  /** The slot that holds the hash, or the empty one where it would be. */
  private int slot(byte[] hashes, int at) {
    int slot = ByteBuffer.wrap(hashes).getInt(at) & (slots.length - 1);
    while (slots[slot] >= 0 && !table.hasHash(slots[slot], hashes, at)) {
      slot = (slot + 1) & (slots.length - 1);
    }
    return slot;
  }
}
