package io.liferaft.raft;

import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.raftlog.RaftLogIOException;

/** What lies in a log behind the last applied entry, committed or not. */
final class LogTail {

  private LogTail() {}

  /** Whether an entry there would change the database; also when that cannot be told. */
  static boolean holdsData(RaftLog log, long appliedIndex) {
    try {
      for (long index = appliedIndex + 1; index < log.getNextIndex(); index++) {
        LogEntryProto entry = log.get(index);
        if (entry == null || (entry.hasStateMachineLogEntry() && changesData(entry))) {
          return true;
        }
      }
      return false;
    } catch (RaftLogIOException | RuntimeException e) {
      return true;
    }
  }

  private static boolean changesData(LogEntryProto entry) {
    return switch (LogCommandCodec.decode(
        new WireReader(entry.getStateMachineLogEntry().getLogData()))) {
      case LogCommand.Execute _, LogCommand.Batch _, LogCommand.LoadCommit _ -> true;
      case LogCommand.ClusterFounded _,
          LogCommand.ClusterRecovered _,
          LogCommand.LoadBegin _,
          LogCommand.LoadChunk _,
          LogCommand.LoadAbort _,
          LogCommand.RestoreBegun _,
          LogCommand.RestoreEnded _,
          LogCommand.BackupRecorded _,
          LogCommand.BackupVerified _,
          LogCommand.CopyPoint _,
          LogCommand.WritesHeld _,
          LogCommand.WritesReleased _,
          LogCommand.CaptureSwitched _,
          LogCommand.ChangesDelivered _ ->
          false;
    };
  }
}
