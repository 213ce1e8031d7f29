package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;

/**
 * The log that a node had before it took the leader's copy. Where it holds the copy's last entry it
 * goes on from there; otherwise nothing of it was committed behind that entry, and all of it goes
 * (Ongaro's dissertation, figure 5.3, steps 7 and 8).
 */
final class SupersededLog {

  private SupersededLog() {}

  /**
   * Deletes a log that ends before the record or has another entry in its place; one that is
   * damaged is left for Ratis to refuse.
   *
   * @param current Ratis' folder of the group, which Ratis has not opened yet
   * @param record last entry in the database
   */
  static void drop(Path current, TermIndex record, FileBorder files) throws IOException {
    if (!Files.isDirectory(current)) {
      return;
    }
    List<SegmentFile> segments = SegmentFile.in(current);
    for (SegmentFile segment : segments) {
      if (mayReach(segment, record.getIndex()) && keeps(segment, record)) {
        return;
      }
    }
    for (SegmentFile segment : segments.reversed()) {
      files.delete(segment.file());
    }
  }

  private static boolean mayReach(SegmentFile segment, long index) {
    return segment.open() || segment.last() >= index;
  }

  /** Whether it is damaged, begins behind the record or holds the record's entry. */
  private static boolean keeps(SegmentFile segment, TermIndex record) throws IOException {
    if (segment.open()) {
      SegmentFile.Content read = segment.read();
      if (!read.zeros(read.begun() ? read.end() : 0, read.size())) {
        return true;
      }
      if (segment.first() + read.entries() - 1 < record.getIndex()) {
        return false;
      }
    }
    if (segment.first() > record.getIndex()) {
      return true;
    }
    boolean[] held = {false};
    try {
      LogSegmentPath path = LogSegmentPath.matchLogSegment(segment.file());
      if (path == null) {
        return true;
      }
      GroupLog.entries(
          path,
          entry -> held[0] |= TermIndex.valueOf(entry.getTerm(), entry.getIndex()).equals(record));
    } catch (GroupLog.Damaged e) {
      return true;
    }
    return held[0];
  }
}
