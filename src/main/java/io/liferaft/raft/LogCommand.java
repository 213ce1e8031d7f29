package io.liferaft.raft;

import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one log entry tells every node to do. Encoded by {@link LogCommandCodec}. */
sealed interface LogCommand {

  /**
   * First entry: who this cluster is. Without effect when it has been founded already.
   *
   * @param foreignKeys whether writes enforce foreign keys
   */
  record ClusterFounded(
      String clusterId, String generation, List<String> members, boolean foreignKeys)
      implements LogCommand {}

  /**
   * Written by {@code liferaftd recover}, or for {@code raft/peers.json}: the cluster goes on in
   * another group, with what one member had.
   *
   * @param formerGroup given up for good
   * @param generation new, since the others may have gone another way
   * @param members {@code id=address} of those it is to have; empty when nobody has said so
   */
  record ClusterRecovered(String formerGroup, String generation, List<String> members)
      implements LogCommand {}

  /**
   * A client's statements; clock, seed and budget are the leader's.
   *
   * @param stepBudget SQLite steps each statement may take
   */
  record Execute(
      List<SqlStatement> statements,
      SqlForm form,
      boolean transaction,
      long clockMillis,
      long seed,
      long stepBudget)
      implements LogCommand {}

  /** Requests that waited while earlier entries were under way; each has its own outcome. */
  record Batch(List<Execute> requests) implements LogCommand {}

  /** What a load brings. */
  enum LoadKind {
    /** A database file that replaces the database. */
    DATABASE,
    /** A text of SQL statements. */
    TEXT,
    /** An {@link Execute} too large for one entry, encoded. */
    EXECUTE
  }

  /**
   * Opens a staging file on every node.
   *
   * @param attempt the restore attempt it belongs to; -1 for a client's
   * @param sha256 of the whole, lower-case hex; empty when it is not known yet: the chain of the
   *     commit tells the content then
   * @param force drop an open load of somebody else, who has gone; without it that one goes first
   */
  record LoadBegin(
      long loadId, LoadKind kind, long attempt, long sizeBytes, String sha256, boolean force)
      implements LogCommand {}

  /**
   * A part of the staging file.
   *
   * @param length of the bytes when unpacked
   * @param packing by which the bytes are shorter than {@code length}, if they are
   */
  record LoadChunk(long loadId, long offset, int length, LoadBytes.Packing packing, byte[] packed)
      implements LogCommand {}

  /**
   * Makes the staged bytes take effect.
   *
   * @param chain {@link OpenLoad#chain} after the last chunk: tells whether what every node applied
   *     is what was sent
   * @param clusterId lineage to go on with after a restore; null to keep
   * @param backup what was restored; null for none
   */
  record LoadCommit(
      long loadId,
      String chain,
      long clockMillis,
      long seed,
      long stepBudget,
      @Nullable String clusterId,
      @Nullable BackupRecord backup)
      implements LogCommand {}

  record LoadAbort(long loadId) implements LogCommand {}

  /** Begins a restore attempt, whose id is this entry's index. */
  record RestoreBegun(String source) implements LogCommand {}

  record RestoreEnded(RestoreRecord.Outcome outcome, long timeMillis) implements LogCommand {}

  record BackupRecorded(BackupRecord backup) implements LogCommand {}

  /** A node has tried whether a backup can be restored. Changes nothing in the database. */
  record BackupVerified(VerifiedRecord drilled) implements LogCommand {}

  /**
   * Where a node that holds its own contents against the next backup, and the leader, for that
   * backup, each take a copy before anything later is applied. Changes nothing.
   *
   * @param destination fingerprint of the backup's place
   * @param id of who waits for it
   */
  record CopyPoint(String destination, long id) implements LogCommand {}

  /**
   * Refuses client writes until a restore has replaced the database. Its id is this entry's index.
   *
   * @param untilMillis by the leader's clock, after which a write ends it
   */
  record WritesHeld(long untilMillis) implements LogCommand {}

  /** Ends a hold whose restore did not come about; without effect on another one. */
  record WritesReleased(long attempt) implements LogCommand {}

  /** From here on every node captures row changes, or none does. */
  record CaptureSwitched(boolean on) implements LogCommand {}

  /** All changes up to an index have been delivered. */
  record ChangesDelivered(long index) implements LogCommand {}
}
