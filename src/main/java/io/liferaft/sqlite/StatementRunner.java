package io.liferaft.sqlite;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;

/**
 * Runs the statements of one entry after another on a write connection and says what each came to.
 * The client's failures become results; everything else is thrown.
 */
final class StatementRunner {

  static final String TIMEOUT = "execute timeout";

  private final WriteConnection write;
  private final SqlTexts texts;
  private final AnswerCounters counters;
  private final SqlForm form;
  private final boolean wholeEntry;
  private final RowReader rows;
  private final @Nullable StatementTimer timer;
  private boolean failedToPrepare;
  private boolean changed;
  private boolean undone;
  private boolean pragma;
  private boolean transaction;
  private Runnable ran = () -> {};

  StatementRunner(
      WriteConnection write,
      SqlTexts texts,
      AnswerCounters counters,
      SqlEntry entry,
      @Nullable StatementTimer timer) {
    this.write = write;
    this.texts = texts;
    this.counters = counters;
    this.form = entry.form();
    this.wholeEntry = entry.transaction();
    this.rows = new RowReader(entry.answer(), RowReader.MOST_BYTES_OF_A_WRITE);
    this.timer = timer;
  }

  /** Whether the last statement failed before any of it ran. */
  boolean failedToPrepare() {
    return failedToPrepare;
  }

  /** Whether anything so far may have changed the database. */
  boolean changed() {
    return changed;
  }

  /** Whether a PRAGMA ran. */
  boolean sawPragma() {
    return pragma;
  }

  /** Whether a BEGIN, COMMIT or the like ran. */
  boolean sawTransaction() {
    return transaction;
  }

  /** Calls back behind everything that may have been committed by itself. */
  void onRan(Runnable callback) {
    ran = callback;
  }

  SqlResult run(SqlStatement statement) throws SQLException {
    long start = System.nanoTime();
    SqlResult result;
    try {
      result = pieces(statement, start);
    } catch (SqlFailure e) {
      result = new SqlResult.Failed(e.text(), System.nanoTime() - start);
    }
    if (timer != null) {
      timer.record(true, result.nanos());
    }
    return result;
  }

  private SqlResult pieces(SqlStatement statement, long start) throws SQLException, SqlFailure {
    SqlText text = texts.of(statement.sql());
    failedToPrepare = true;
    String refusal = text.refusal();
    if (refusal != null) {
      throw new SqlFailure(refusal);
    }
    Bindings.checkNames(statement.parameters());
    SqlResult result = new SqlResult.Write(0, 0, System.nanoTime() - start);
    int taken = 0;
    for (SqlPiece piece : text.pieces()) {
      if (piece.kind() == StatementKind.BLANK) {
        result = new SqlResult.Write(0, 0, System.nanoTime() - start);
      } else if (piece.pragma() != null && piece.pragma().ignored()) {
        result = counters.write(System.nanoTime() - start);
      } else {
        try {
          PreparedSql prepared = prepare(piece);
          failedToPrepare = false;
          result = bound(piece, prepared, statement, taken, start);
          taken += prepared.parameterCount();
        } finally {
          followSchema(piece);
        }
      }
    }
    failedToPrepare = false;
    return result;
  }

  /** A rollback needs nothing: it takes the triggers back to what they were with the schema. */
  private void followSchema(SqlPiece piece) throws SQLException {
    ChangeCapture capture = write.capture();
    if (capture != null && piece.kind() == StatementKind.OTHER) {
      capture.install();
    }
  }

  private PreparedSql prepare(SqlPiece piece) throws SQLException, SqlFailure {
    try {
      ChangeCapture capture = write.capture();
      if (capture != null && piece.kind() == StatementKind.OTHER) {
        capture.remove();
      }
      return write.prepare(piece);
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  private SqlResult bound(
      SqlPiece piece, PreparedSql prepared, SqlStatement statement, int taken, long start)
      throws SQLException, SqlFailure {
    boolean alive = false;
    undone = false;
    long changesBefore = write.totalChanges();
    ChangeCapture capture = write.capture();
    long captured = 0;
    if (capture != null) {
      capture.running(piece);
      captured = capture.position();
    }
    try {
      @Nullable Object[] values =
          Bindings.of(piece, prepared.parameterCount(), statement.parameters(), taken, true);
      SqlResult result = step(piece, prepared, values, start);
      alive = true;
      ran.run();
      if (capture != null && piece.kind() == StatementKind.TRANSACTION) {
        capture.transaction(piece);
      }
      changed |= !piece.kind().readsOnly() && (piece.pragma() == null || !piece.pragma().informs());
      return result;
    } catch (SQLException e) {
      alive = SqliteErrors.is(e, SQLiteErrorCode.SQLITE_CONSTRAINT);
      SqlFailure failure = failure(e);
      ran.run();
      throw failure;
    } finally {
      boolean kept = !undone && write.totalChanges() != changesBefore;
      changed |= kept;
      if (capture != null) {
        capture.ran(piece, captured, kept, !write.exact() && !wholeEntry);
      }
      write.done(piece, prepared, alive);
    }
  }

  private SqlResult step(
      SqlPiece piece, PreparedSql prepared, @Nullable Object[] values, long start)
      throws SQLException, SqlFailure {
    pragma |= piece.pragma() != null;
    transaction |= piece.kind() == StatementKind.TRANSACTION;
    write.reading(piece.kind().readsOnly());
    boolean wantsRows = returnsRows(piece, prepared);
    if (!piece.kind().changesRows() || !(wantsRows || write.exact())) {
      SqlResult result = once(prepared, values, wantsRows, start);
      count(piece);
      return result == null ? counters.write(System.nanoTime() - start) : result;
    }
    return inSavepoint(piece, prepared, values, wantsRows, start);
  }

  private @Nullable SqlResult once(
      PreparedSql prepared, @Nullable Object[] values, boolean wantsRows, long start)
      throws SQLException, SqlFailure {
    write.budget().arm();
    try {
      boolean row = prepared.run(values);
      return wantsRows ? rows.read(prepared, row, start) : null;
    } finally {
      write.budget().disarm();
      prepared.reset();
    }
  }

  /**
   * RETURNING can fail when its rows are changed already. And a statement alone is counted as in a
   * group: what a virtual table writes at the end of a transaction is not the statement's.
   */
  private SqlResult inSavepoint(
      SqlPiece piece,
      PreparedSql prepared,
      @Nullable Object[] values,
      boolean wantsRows,
      long start)
      throws SQLException, SqlFailure {
    write.savepoint();
    SqlResult result;
    try {
      result = once(prepared, values, wantsRows, start);
    } catch (SqlFailure e) {
      undo(); // the rows are changed, the answer is too large
      throw e;
    } catch (SQLException e) {
      releaseIfThere();
      throw e;
    }
    count(piece);
    try {
      write.release();
    } catch (SQLException e) {
      undo(); // as the outermost savepoint it is a COMMIT, which may fail
      throw e;
    }
    return result == null ? counters.write(System.nanoTime() - start) : result;
  }

  private void undo() throws SQLException {
    write.rollbackToSavepoint();
    undone = true;
  }

  /** OR ROLLBACK took the savepoint with it; OR FAIL keeps what it changed. */
  private void releaseIfThere() throws SQLException {
    try {
      write.release();
    } catch (SQLException e) {
      if (!SqliteErrors.isOutcome(e)) {
        throw e;
      }
    }
  }

  private boolean returnsRows(SqlPiece piece, PreparedSql prepared) {
    if (prepared.columnCount() == 0) {
      return false;
    }
    if (piece.kind().changesRows()) {
      return true; // RETURNING
    }
    if (form != SqlForm.REQUEST) {
      return false;
    }
    PragmaForm form = piece.pragma();
    return form == null
        || piece.kind() == StatementKind.EXPLAIN
        || (form.informs() && !form.name().equals("journal_mode"));
  }

  /** Follows SQLite's counters, which started at 0 with the entry. */
  private void count(SqlPiece piece) throws SQLException {
    if (!piece.kind().changesRows()) {
      return;
    }
    long rows = write.changes();
    counters.changed(rows);
    if (piece.kind() == StatementKind.INSERT && rows > 0) {
      long rowId = write.lastRowId();
      if (rowId != 0) {
        counters.inserted(rowId);
      }
    }
  }

  /** The statement's own failure, or the exception again when it is something else. */
  private SqlFailure failure(SQLException e) throws SQLException {
    if (SqliteErrors.is(e, SQLiteErrorCode.SQLITE_INTERRUPT) && write.budget().fired()) {
      return new SqlFailure(TIMEOUT);
    }
    if (SqliteErrors.isOutcome(e) || rowIdsUsedUp(e)) {
      return new SqlFailure(SqliteErrors.message(e));
    }
    throw e;
  }

  /** AUTOINCREMENT at its end says FULL, too, and is no fault of this node. */
  private boolean rowIdsUsedUp(SQLException e) throws SQLException {
    if (!SqliteErrors.is(e, SQLiteErrorCode.SQLITE_FULL)) {
      return false;
    }
    try {
      return SchemaFacts.rowIdsUsedUp(write.connection());
    } catch (SQLException _) {
      return false; // no table has AUTOINCREMENT
    }
  }
}
