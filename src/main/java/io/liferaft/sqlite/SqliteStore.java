package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One node's database: its numbered files in a folder, the record that says which of them counts,
 * the write connection and the readers. Knows nothing of replication: the record carries an opaque
 * payload (log index, replicated state) for the caller.
 *
 * <p>{@link #open}, {@link #apply}, {@link #checkpoint}, {@link #replace} and {@link #close} are
 * called by one thread at a time (the apply thread, or the opener before it starts); everything
 * else by any thread.
 */
public final class SqliteStore implements AutoCloseable {

  public SqliteStore() {}

  /**
   * Locks the folder, recovers from a crash at any line, drops what the log will bring again, and
   * opens the database as of the record (an empty one when there is none). May be called again
   * after {@link #close}.
   *
   * @return the record's payload; empty for a folder without a record
   * @throws SqliteException.FolderInUse when another process (or store) has the folder
   * @throws SqliteException.InvalidDatabase when the database file does not match its record
   *     (somebody opened it with another tool): it has been set aside, the record with it
   */
  public Optional<byte[]> open(Path folder) {
    throw new UnsupportedOperationException(folder.toString());
  }

  /**
   * Runs entries in order, grouped into one SQLite transaction where that cannot be seen. When this
   * returns all are committed (durability is the log's); outcomes are in the order of the group.
   *
   * @throws SqliteException.NodeFault when this node, not a statement, failed; see there
   */
  public List<EntryOutcome> apply(List<SqlEntry> group) {
    throw new UnsupportedOperationException(group.toString());
  }

  /**
   * Moves the WAL into the main file and makes the record name it, with this payload; durable on
   * return. Crash-safe at every line. Readers that hold a snapshot are waited for, then
   * interrupted.
   *
   * @return false when it was put off because a {@link DatabaseCopy} is open
   */
  public boolean checkpoint(byte[] payload) {
    throw new UnsupportedOperationException("" + payload.length);
  }

  /**
   * Makes a verified SQLite file (any journal mode, in the same folder) the database, under the
   * next number, with this payload in the record; durable on return. The staged file is consumed.
   * When a crash comes before the record is renamed, the old database is still there and so is the
   * staged file, byte for byte or with its header switched to WAL mode. Open copies and readers of
   * the old file fail.
   */
  public void replace(Path staged, byte[] payload) {
    throw new UnsupportedOperationException(staged.toString() + payload.length);
  }

  /**
   * Reads on one of a bounded number of read-only connections. Never changes anything: writes give
   * {@code attempt to change database via query operation}.
   *
   * @param transaction all statements see one snapshot
   * @param timeout per statement; exceeded gives {@code query timeout}
   */
  public List<SqlResult> query(
      List<SqlStatement> statements, boolean transaction, Duration timeout) {
    throw new UnsupportedOperationException("" + statements + transaction + timeout);
  }

  /**
   * Whether a statement only reads, judged by its first statement as rqlite does; one that does not
   * prepare counts as a write.
   */
  public boolean readOnly(SqlStatement statement) {
    throw new UnsupportedOperationException(statement.toString());
  }

  /** Whether the text holds a PRAGMA, in any form, that would break the node (rqlite 9.3, 24 B). */
  public static boolean disallowedPragma(String sql) {
    throw new UnsupportedOperationException(sql);
  }

  /** The main file as of the last checkpoint, under a lease that puts checkpoints off. */
  public DatabaseCopy copy() {
    throw new UnsupportedOperationException();
  }

  /** Whether the schema holds no object. */
  public boolean isEmpty() {
    throw new UnsupportedOperationException();
  }

  /** Facts for status and metrics; cheap. */
  public StoreStatus status() {
    throw new UnsupportedOperationException();
  }

  /** The statements of a SQL text file, split as SQLite would, read as they are asked for. */
  public static Iterable<SqlStatement> statementsOf(Path sqlText) {
    throw new UnsupportedOperationException(sqlText.toString());
  }

  /**
   * Checks that a file is a whole, sound SQLite database: header, size, {@code PRAGMA quick_check}.
   *
   * @return whether it holds no object
   * @throws SqliteException.InvalidDatabase saying what is wrong with it
   */
  public static boolean verify(Path file) throws IOException {
    throw new UnsupportedOperationException(file.toString());
  }

  /** Closes everything without a checkpoint and unlocks the folder. */
  @Override
  public void close() {}
}
