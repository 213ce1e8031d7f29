package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts off what a crash left of a write to the end of Ratis' log. Ratis makes room with zeros, and
 * refuses a segment with half an entry before zeros, or with zeros before an entry. An entry that
 * was forced, and only such a one was acknowledged, has none of its sectors missing; so the first
 * that is broken is taken for torn when one of its sectors is all zeros (as etcd does with its
 * log), and for damaged, which stays Ratis' to refuse, when none is.
 */
final class TornLog {

  private static final Logger log = LoggerFactory.getLogger(TornLog.class);
  private static final int SECTOR = 512;

  private TornLog() {}

  /** Before Ratis opens what is in its folder. */
  static void cut(Path dataDir, FileBorder files) throws IOException {
    for (Path current : GroupLog.currents(dataDir)) {
      for (SegmentFile segment : SegmentFile.in(current)) {
        if (segment.open()) {
          cut(segment, files);
        }
      }
    }
  }

  private static void cut(SegmentFile segment, FileBorder files) throws IOException {
    SegmentFile.Content read = segment.read();
    if (torn(read)) {
      log.warn(
          "The end of the log was only half written when this node stopped, so nobody was told of it: {} is cut from {} to {} bytes",
          segment.file().getFileName(),
          read.size(),
          read.end());
      files.truncate(segment.file(), read.end());
    }
  }

  private static boolean torn(SegmentFile.Content read) {
    int at = read.end();
    if (at < SegmentFile.Content.HEADER_BYTES || read.zeros(at, read.size())) {
      return false;
    }
    int end = read.entryEnd(at);
    if (end < 0) {
      return read.zeros(at, Math.min(sectorEnd(at), read.size()));
    }
    int limit = Math.min(end, read.size());
    for (int from = at; from < limit; from = sectorEnd(from)) {
      if (read.zeros(from, Math.min(sectorEnd(from), limit))) {
        return true;
      }
    }
    return false;
  }

  private static int sectorEnd(int at) {
    return (at / SECTOR + 1) * SECTOR;
  }
}
