package io.liferaft.sqlite;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;

/** Runs the statements of one read request on a reader's connection. Leaves no trace on it. */
final class QueryRunner {

  static final String WRITES = "attempt to change database via query operation";
  static final String TIMEOUT = "query timeout";

  private final ReadConnection reader;
  private final Duration timeout;
  private final @Nullable StatementTimer timer;
  private final RowReader rows;

  QueryRunner(
      ReadConnection reader, Duration timeout, @Nullable StatementTimer timer, AnswerClaim claim) {
    this.rows = new RowReader(RowReader.MOST_BYTES_OF_A_READ, claim);
    this.reader = reader;
    this.timeout = timeout;
    this.timer = timer;
  }

  List<SqlResult> run(List<SqlStatement> statements, boolean transaction)
      throws SQLException, ReaderPool.Interrupted {
    if (!transaction) {
      return each(statements);
    }
    reader.connection().execute("BEGIN");
    try {
      return each(statements);
    } finally {
      reader.connection().execute("ROLLBACK");
    }
  }

  private List<SqlResult> each(List<SqlStatement> statements) throws ReaderPool.Interrupted {
    List<SqlResult> results = new ArrayList<>(statements.size());
    for (SqlStatement statement : statements) {
      if (statement.sql().isEmpty()) {
        continue;
      }
      SqlResult result = one(statement);
      results.add(result);
      if (timer != null) {
        timer.record(false, result.nanos());
      }
    }
    return results;
  }

  private SqlResult one(SqlStatement statement) throws ReaderPool.Interrupted {
    long start = System.nanoTime();
    reader.limit(timeout);
    try {
      return pieces(statement, start);
    } catch (SqlFailure e) {
      return new SqlResult.Failed(e.text(), System.nanoTime() - start);
    } catch (SQLException e) {
      return new SqlResult.Failed(message(e), System.nanoTime() - start);
    }
  }

  private String message(SQLException e) throws ReaderPool.Interrupted {
    if (SqliteErrors.is(e, SQLiteErrorCode.SQLITE_INTERRUPT)) {
      if (reader.timedOut()) {
        return TIMEOUT;
      }
      if (reader.interrupted()) {
        throw new ReaderPool.Interrupted();
      }
    }
    return SqliteErrors.is(e, SQLiteErrorCode.SQLITE_READONLY) ? WRITES : SqliteErrors.message(e);
  }

  private SqlResult pieces(SqlStatement statement, long start) throws SQLException, SqlFailure {
    Bindings.checkNames(statement.parameters());
    if (statement.sql().indexOf('\0') >= 0) {
      throw new SqlFailure(StatementRules.NUL);
    }
    List<SqlPiece> pieces = reader.text(statement.sql()).pieces();
    SqlResult result = RowReader.none(start);
    int taken = 0;
    for (int i = 0; i < pieces.size(); i++) {
      SqlPiece piece = pieces.get(i);
      result = RowReader.none(start);
      if (piece.kind() == StatementKind.BLANK || isPragmaWithoutRows(piece)) {
        continue;
      }
      boolean alive = false;
      PreparedSql prepared = reader.prepare(piece);
      try {
        if (piece.kind() == StatementKind.TRANSACTION) {
          continue; // prepared for its syntax only: a reader keeps no transaction of a client's
        }
        if (!piece.kind().readsOnly() && piece.pragma() == null) {
          throw new SqlFailure(WRITES);
        }
        @Nullable Object[] values =
            Bindings.of(piece, prepared.parameterCount(), statement.parameters(), taken, false);
        taken += prepared.parameterCount();
        boolean row = prepared.run(values);
        if (i == pieces.size() - 1) {
          result = rows.read(prepared, row, start);
        }
        alive = true;
      } finally {
        reader.done(piece, prepared, alive);
      }
    }
    return result;
  }

  /** A PRAGMA that sets something must not even be prepared: some act while they are. */
  private static boolean isPragmaWithoutRows(SqlPiece piece) throws SqlFailure {
    PragmaForm pragma = piece.pragma();
    if (pragma == null || pragma.informs()) {
      return false;
    }
    if (piece.kind() == StatementKind.EXPLAIN) {
      throw new SqlFailure("EXPLAIN of a PRAGMA is not supported");
    }
    if (pragma.writesFile() || pragma.disallowed()) {
      throw new SqlFailure(WRITES);
    }
    return true;
  }

  /** Whether a text's first statement reads, as SQLite would say; false if it does not prepare. */
  static boolean readOnly(ReadConnection reader, SqlPiece first) {
    PragmaForm pragma = first.pragma();
    if (first.kind() == StatementKind.BLANK) {
      return true;
    }
    if (pragma != null && !pragma.informs()) {
      return first.kind() != StatementKind.EXPLAIN && !pragma.writesFile() && !pragma.disallowed();
    }
    if (pragma == null && !first.kind().readsOnly()) {
      return false;
    }
    // It could change something, to SQLite, and so is a write to rqlite's clients.
    if (pragma != null
        && pragma.name().equals("journal_mode")
        && first.kind() != StatementKind.EXPLAIN) {
      return false;
    }
    try (PreparedSql prepared = reader.connection().prepare(first.sql())) {
      return prepared.columnCount() >= 0;
    } catch (SQLException _) {
      return false;
    }
  }
}
