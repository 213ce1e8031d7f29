package io.liferaft.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

/**
 * How far the log may be cut so that a node that was away for a while is sent the entries it missed
 * and not a copy of the whole database. Bounded in bytes, since entries are of any size.
 */
final class TrailingLog {

  private TrailingLog() {}

  /**
   * The last entry that may go; -1 for none.
   *
   * @param segments all of the log, in the order of their entries
   * @param record the entry that the main database file stands at
   * @param kept bytes of closed segments that stay at least, whatever the file holds
   * @throws IOException also when a segment has just been closed or deleted
   */
  static long cut(List<SegmentFile> segments, long record, long kept) throws IOException {
    long staying = 0;
    for (SegmentFile segment : segments.reversed()) {
      if (!segment.open() && segment.last() <= record && staying >= kept) {
        return segment.last();
      }
      staying += segment.open() ? 0 : Files.size(segment.file()); // an open one is mostly empty
    }
    return -1;
  }
}
