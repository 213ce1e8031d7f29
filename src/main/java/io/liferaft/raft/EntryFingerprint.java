package io.liferaft.raft;

import java.util.zip.CRC32C;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.raftlog.RaftLogIOException;

/**
 * Tells logs apart at one place. Entries of clients carry a random seed and a time; Ratis' own
 * between them may be the same in both, so some entries before count, too.
 */
final class EntryFingerprint {

  /** The log does not have the entries any more, or not yet. */
  static final long UNKNOWN = -1;

  private static final int ENTRIES = 4;

  private EntryFingerprint() {}

  static long of(RaftLog log, long index) {
    CRC32C sum = new CRC32C();
    for (long i = Math.max(0, index - ENTRIES + 1); i <= index; i++) {
      LogEntryProto entry;
      try {
        entry = log.get(i);
      } catch (RaftLogIOException e) {
        return UNKNOWN;
      }
      if (entry == null) {
        return UNKNOWN;
      }
      sum.update(entry.toByteString().asReadOnlyByteBuffer());
    }
    return sum.getValue();
  }
}
