package io.liferaft.sqlite;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.UUID;

/**
 * Which units of one main file changed, and when: for each the last checkpoint that may have
 * written it, for as long as the file is open. A unit too many makes a backup read more, one too
 * few would lose data. The thread that runs checkpoints marks, any thread reads.
 */
final class ChangedUnits {

  private final String file = UUID.randomUUID().toString();
  private long[] lastChange;
  private long sizeBytes;
  private long checkpoint;

  /**
   * Nothing has changed yet.
   *
   * @param sizeBytes of the file as of its record; 0 before its first checkpoint
   */
  ChangedUnits(long sizeBytes) {
    this.lastChange = new long[count(sizeBytes)];
    this.sizeBytes = sizeBytes;
  }

  /** The unit that holds a page; no page is larger than a unit. */
  static int holding(long page, int pageBytes) {
    return Math.toIntExact((page - 1) * pageBytes / DatabaseCopy.UNIT_BYTES);
  }

  /** Units of a file; the last one may be cut. */
  private static int count(long bytes) {
    return Math.toIntExact(Math.ceilDiv(bytes, DatabaseCopy.UNIT_BYTES));
  }

  /** As of the last checkpoint that succeeded. */
  synchronized FilePosition position() {
    return new FilePosition(file, checkpoint);
  }

  /** What the checkpoint to come writes, told before it does: it may fail half way. */
  synchronized void mark(BitSet units) {
    reach(units.length());
    units.stream().forEach(unit -> lastChange[unit] = checkpoint + 1);
  }

  /**
   * The checkpoint has succeeded. What failed ones before it marked counts for this one, and the
   * size is compared with that of the last success, because they may have changed it.
   */
  synchronized void checkpointed(long newSizeBytes) {
    checkpoint++;
    if (newSizeBytes != sizeBytes) {
      // What is cut off has no frames, and what is added need not have them.
      int from = (int) (Math.min(sizeBytes, newSizeBytes) / DatabaseCopy.UNIT_BYTES);
      int to = count(Math.max(sizeBytes, newSizeBytes));
      reach(to);
      Arrays.fill(lastChange, from, to, checkpoint);
      sizeBytes = newSizeBytes;
    }
  }

  /**
   * See {@link DatabaseCopy#changedSince}.
   *
   * @param copy where the copy stands
   * @param copyBytes its size
   */
  synchronized Optional<BitSet> between(FilePosition earlier, FilePosition copy, long copyBytes) {
    if (!earlier.file().equals(copy.file()) || earlier.checkpoint() > copy.checkpoint()) {
      return Optional.empty();
    }
    BitSet changed = new BitSet();
    int units = count(copyBytes);
    for (int unit = 0; unit < units; unit++) {
      if (lastChange[unit] > earlier.checkpoint()) {
        changed.set(unit);
      }
    }
    return Optional.of(changed);
  }

  private void reach(int units) {
    if (units > lastChange.length) {
      lastChange = Arrays.copyOf(lastChange, Math.max(units, lastChange.length / 8 * 9));
    }
  }
}
