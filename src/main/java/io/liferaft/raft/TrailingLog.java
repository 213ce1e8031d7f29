package io.liferaft.raft;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How far the log may be cut so that a node that was away for a while is sent the entries it missed
 * and not a copy of the whole database. Bounded in bytes, since entries are of any size. Counts
 * from the start of the node: what the log held before stays until as much has been applied since.
 * For the one thread that Ratis applies entries and takes snapshots with.
 */
final class TrailingLog {

  private static final int MARKS = 16;

  /** What Ratis puts around an entry, about. */
  private static final int AROUND_ENTRY = 48;

  /**
   * @param index of the last entry before it
   * @param bytes applied up to there
   */
  private record Mark(long index, long bytes) {}

  private final long kept;
  private final Deque<Mark> marks = new ArrayDeque<>();
  private long bytes;
  private long marked;
  private long cut = -1;

  /**
   * @param kept bytes of applied entries that stay, at least; 0 for none
   */
  TrailingLog(long kept) {
    this.kept = kept;
  }

  void applied(long index, int size) {
    if (kept == 0) {
      return;
    }
    bytes += AROUND_ENTRY + size;
    if (bytes - marked >= kept / MARKS) {
      marked = bytes;
      marks.add(new Mark(index, bytes));
    }
  }

  /**
   * The last entry that need not be kept, never less than before; -1 for none.
   *
   * @param record the entry that the main database file stands at
   */
  long cut(long record) {
    if (kept == 0) {
      return record;
    }
    Mark oldest = marks.peek();
    while (oldest != null && oldest.index() <= record && bytes - oldest.bytes() >= kept) {
      cut = oldest.index();
      marks.remove();
      oldest = marks.peek();
    }
    return cut;
  }
}
