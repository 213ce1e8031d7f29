package io.liferaft.sqlite;

import java.nio.file.Path;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteCommitListener;

/**
 * A connection that applies entries. A <em>warm</em> one is kept and runs groups, reusing its
 * statements; an <em>exact</em> one is opened for one entry and closed behind it, so that nothing
 * an earlier entry did can matter.
 */
final class WriteConnection implements AutoCloseable {

  private static final int STATEMENTS = 128;

  private final NativeConnection connection;
  private final EntryFunctions functions;
  private final StepBudget budget;
  private final boolean exact;
  private final PreparedSql begin;
  private final PreparedSql commit;
  private final PreparedSql savepoint;
  private final PreparedSql release;
  private final PreparedSql clearRowId;
  private final PreparedSql clearChanges;
  private final PreparedSql lastRowId;
  private final StatementCache statements = new StatementCache(STATEMENTS);
  private final @Nullable ChangeCapture capture;
  private boolean rolledBack;

  private WriteConnection(
      NativeConnection connection,
      BuiltInFunctions builtIn,
      boolean exact,
      boolean foreignKeys,
      @Nullable ChangeSink changes)
      throws SQLException {
    this.connection = connection;
    this.exact = exact;
    this.functions = new EntryFunctions(connection, builtIn);
    this.budget = new StepBudget(connection, exact);
    connection.execute("PRAGMA foreign_keys=" + (foreignKeys ? 1 : 0));
    connection.execute("CREATE TEMP TABLE " + StatementRules.COUNTERS + "(n)");
    this.begin = connection.prepare("BEGIN IMMEDIATE");
    this.commit = connection.prepare("COMMIT");
    this.savepoint = connection.prepare("SAVEPOINT _liferaft");
    this.release = connection.prepare("RELEASE _liferaft");
    this.clearRowId =
        connection.prepare("REPLACE INTO temp." + StatementRules.COUNTERS + "(rowid) VALUES(0)");
    this.clearChanges =
        connection.prepare("DELETE FROM temp." + StatementRules.COUNTERS + " WHERE 0");
    this.lastRowId = connection.prepare("SELECT last_insert_rowid()");
    ChangeCapture capturing =
        changes == null ? null : new ChangeCapture(connection, changes, exact);
    this.capture = capturing;
    connection
        .jdbc()
        .addCommitListener(
            new SQLiteCommitListener() {
              @Override
              public void onCommit() {
                if (capturing != null) {
                  capturing.committed();
                }
              }

              @Override
              public void onRollback() {
                rolledBack = true;
                if (capturing != null) {
                  capturing.rolledBack();
                }
              }
            });
  }

  /**
   * @param changes told of every row that is changed; null for nobody
   */
  static WriteConnection open(
      Path file,
      BuiltInFunctions builtIn,
      boolean exact,
      boolean foreignKeys,
      @Nullable ChangeSink changes)
      throws SQLException {
    NativeConnection connection = NativeConnection.write(file);
    try {
      return new WriteConnection(connection, builtIn, exact, foreignKeys, changes);
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  NativeConnection connection() {
    return connection;
  }

  StepBudget budget() {
    return budget;
  }

  boolean exact() {
    return exact;
  }

  /** Null when nobody is told of changes. */
  @Nullable ChangeCapture capture() {
    return capture;
  }

  /** Everything an entry may see of the connection is set back. */
  void startEntry(SqlEntry entry) throws SQLException {
    if (capture != null) {
      capture.start(entry);
    }
    clearRowId.once();
    clearChanges.once();
    functions.begin(entry.clockMillis(), entry.seed());
    budget.set(entry.stepBudget());
  }

  void reading(boolean readsOnly) {
    functions.reading(readsOnly);
  }

  void begin() throws SQLException {
    rolledBack = false;
    begin.once();
  }

  void commit() throws SQLException {
    commit.once();
  }

  void savepoint() throws SQLException {
    savepoint.once();
  }

  void release() throws SQLException {
    release.once();
  }

  void rollbackToSavepoint() throws SQLException {
    connection.execute("ROLLBACK TO _liferaft");
    release.once();
  }

  /** Whether SQLite itself ended the transaction since {@link #begin}. */
  boolean rolledBack() {
    return rolledBack;
  }

  /** Ends a transaction if there is one; true when there was. */
  boolean rollback() throws SQLException {
    try {
      connection.execute("ROLLBACK");
      return true;
    } catch (SQLException e) {
      if (SqliteErrors.isOutcome(e)) {
        return false; // no transaction was open
      }
      throw e;
    }
  }

  long lastRowId() throws SQLException {
    return lastRowId.onceLong();
  }

  long changes() throws SQLException {
    return connection.database().changes();
  }

  long totalChanges() throws SQLException {
    return connection.database().total_changes();
  }

  /** A statement ready to run; give it back with {@link #done}. */
  PreparedSql prepare(SqlPiece piece) throws SQLException {
    if (exact) {
      return connection.prepare(piece.sql());
    }
    PreparedSql known = statements.take(piece.sql());
    return known != null ? known : connection.prepare(piece.sql());
  }

  /** Takes a statement back; a dead one is closed. */
  void done(SqlPiece piece, PreparedSql statement, boolean alive) throws SQLException {
    if (exact || !alive || !piece.groupable()) {
      statement.close();
      return;
    }
    statements.keep(piece.sql(), statement);
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
