package io.liferaft.raft;

import io.liferaft.sqlite.SqlResult;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The replicated log and its state machine as the other modules see them. Every method may be
 * called from any thread; those that wait say so and are meant for virtual threads. A method that
 * needs the leader forwards from any node over the Raft port.
 *
 * <p>Common errors: {@link NotReadyException} (nothing done, try later), {@link NotLeaderException}
 * (no leader, nothing done), {@link CommitUnknownException} (may still be applied).
 */
public interface RaftNode {

  /** This node, now. */
  NodeStatus status();

  /** The replicated state as applied on this node. */
  ReplicatedState state();

  /** Runs statements through the log. Waits until they are committed and applied on the leader. */
  SqlReply execute(SqlRequest request);

  /** Reads at the request's level; never changes anything. Waits. */
  SqlReply query(SqlRequest request);

  /**
   * rqlite's unified request: a read when all statements only read and the level is not strong,
   * else one log entry. Waits.
   */
  SqlReply request(SqlRequest request);

  /**
   * A consistent copy of the leader's database, streamed over the Raft port when another node
   * leads. Waits for a checkpoint.
   *
   * @param anyNode take this node's own, without asking for a leader
   */
  ClusterCopy copy(boolean anyNode, Duration timeout);

  /**
   * This node's own copy at an index of the log at which the leader takes one, too, for its next
   * backup to a place; so both have the same content, whatever is written meanwhile. Waits for the
   * entry and a checkpoint.
   *
   * @param destination fingerprint of the place
   * @throws RequestRefusedException when the leader makes no backups there; when a member cannot
   *     read the entry, or may not be able to; when this node is late, or other copies are read
   *     here
   * @throws NotReadyException also while other copies are read on the leader
   */
  ClusterCopy copyAtPoint(String destination, Duration timeout);

  /**
   * From now on a copy that this node takes as the leader at such an index is kept for half a
   * minute.
   *
   * @param wake run when there is one, on the apply thread: must not wait
   */
  void keepCopies(String destination, Runnable wake);

  /** The last of them, for the caller to close; empty when there is none that nobody has had. */
  Optional<ClusterCopy> keptCopy(String destination);

  /**
   * Replaces the database on all nodes by a file that has been verified ({@code
   * SqliteStore.verify}); it travels in chunks through the log. Waits. The file is only read.
   *
   * @return log index of the commit
   */
  long loadDatabase(Path file, Duration timeout);

  /** Runs a text of SQL statements of any size as one entry. Waits. The file is only read. */
  SqlReply loadText(Path file, Duration timeout);

  /**
   * Every member's own answer, asked in parallel. Waits up to the timeout.
   *
   * @param nonVoters include them
   */
  List<NodeProbe> nodes(boolean nonVoters, Duration timeout);

  /** Asks whoever listens at a Raft address. Waits up to the timeout. */
  NodeProbe probe(String raftAddress, Duration timeout);

  /**
   * Hands leadership on; forwarded to the leader. Waits until it has happened.
   *
   * @param id the new leader's node id; null for any
   * @throws RequestRefusedException with rqlite's text: unknown node, current leader, no peer
   */
  void transferLeadership(@Nullable String id, Duration timeout);

  /**
   * Removes a node from the cluster for good; forwarded to the leader. Without effect when there is
   * no such member. Waits until it has happened. A node that is removed keeps its data and serves
   * nobody; started again it asks to be admitted if its settings say so.
   *
   * @throws RequestRefusedException for the only voter
   */
  void removeNode(String id, Duration timeout);

  /**
   * Brings this node's own main database file up to what has been applied here and lets go of the
   * log up to there. Waits.
   *
   * @return false when nothing has been applied since the last time
   * @throws io.liferaft.sqlite.SqliteException when it does not come about in time
   */
  boolean snapshot(Duration timeout);

  /**
   * Runs one statement on this node's own database, for health checks. Waits.
   *
   * @param limit what takes longer is ended, and a {@link SqlResult.Failed}
   */
  SqlResult localQuery(String sql, Duration limit);

  // --- for the delivery of changes; only the leader's calls succeed ---

  /** Whether every node captures row changes, from an entry on. Waits until it is in the log. */
  void captureChanges(boolean on);

  /** All changes up to a log index have been delivered. Never goes back. Waits. */
  void recordDelivered(long index);

  /**
   * Puts into the log what a restore drill found; forwarded to the leader. Every node has it in
   * {@link ReplicatedState#verified} from then on; the change index stays. Waits.
   *
   * @throws RequestRefusedException when a member cannot read the entry, or may not be able to
   */
  void recordVerified(VerifiedRecord drilled);

  // --- for backup and restore; only the leader's calls succeed ---

  /**
   * Whether a quorum confirms, now and not by a lease, that this node leads: it takes an entry. A
   * lease is no measure here, as a virtual machine may stand still unnoticed. Waits.
   */
  boolean confirmLeadership();

  /** Whether the database holds no object and has never been changed, as applied on this node. */
  boolean databaseEmpty();

  /** Records a backup in the replicated state. An older change index or term changes nothing. */
  void recordBackup(BackupRecord backup);

  /**
   * Begins a restore attempt.
   *
   * @param source address of the place, without secrets; from then on every leader goes on from it
   * @return the attempt's id
   * @throws RequestRefusedException when the cluster has data or its restore has ended
   */
  long beginRestore(String source);

  /**
   * Loads a database file as the attempt's outcome, also while it is on its way: when this returns
   * the file has been switched, the backup recorded and the restore or the hold of writes ended,
   * all in one entry. When it throws, what entered the log takes no effect (but see {@link
   * CommitUnknownException}).
   *
   * @param clusterId lineage to go on with; null to keep the own one
   * @param backup what was restored; generation and change index are replaced by the new ones; null
   *     when the source is not the backup target. Asked when the whole has been found right
   * @param loadedBytes told the bytes that have entered the log
   */
  void loadRestored(
      long attempt,
      LoadSource source,
      @Nullable String clusterId,
      Supplier<@Nullable BackupRecord> backup,
      LongConsumer loadedBytes);

  /**
   * Refuses client writes, from an entry on, until {@link #loadRestored} under the id that this
   * returns has replaced the database, or {@link #releaseWrites}; at the latest until another node
   * leads or the time is over. Waits until it is in force: what was written before is applied here.
   *
   * @return the attempt's id
   * @throws RequestRefusedException when another restore is under way
   */
  long holdWrites(Duration limit);

  /** Lets writes go on whose restore did not come about. Without effect on another one's. */
  void releaseWrites(long attempt);

  /** Ends the cluster's restore without a database. Without effect when it has ended already. */
  void endRestore(RestoreRecord.Outcome outcome);
}
