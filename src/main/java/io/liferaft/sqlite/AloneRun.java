package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** One entry on a connection of its own, in SQLite's own autocommit or in one BEGIN and COMMIT. */
final class AloneRun {

  static final String LEFT_OPEN = "a transaction was left open and has been rolled back";

  private final WriteConnection write;
  private final StatementRunner runner;
  private final SqlEntry entry;
  private final Runnable committing;
  private final List<SqlResult> results = new ArrayList<>();

  /**
   * @param committing is told when something may have been committed
   */
  AloneRun(WriteConnection write, StatementRunner runner, SqlEntry entry, Runnable committing) {
    this.write = write;
    this.runner = runner;
    this.entry = entry;
    this.committing = committing;
  }

  boolean sawPragma() {
    return runner.sawPragma();
  }

  EntryOutcome run() throws SQLException {
    write.startEntry(entry);
    runner.onRan(() -> {
      if (!entry.transaction() || runner.sawTransaction()) {
        committing.run();
      }
    });
    Iterator<SqlStatement> statements = entry.statements().iterator();
    try {
      return switch (entry.form()) {
        case TEXT -> text(statements);
        case EXECUTE, REQUEST -> entry.transaction() ? transaction(statements) : each(statements);
      };
    } finally {
      close(statements);
    }
  }

  /** Gives back the file of statements that are read as they run. */
  private static void close(Iterator<SqlStatement> statements) {
    if (statements instanceof AutoCloseable file) {
      Closer closer = new Closer();
      closer.close(file);
      closer.finish();
    }
  }

  private EntryOutcome text(Iterator<SqlStatement> statements) throws SQLException {
    SqlResult last = null;
    try {
      while (statements.hasNext() && !(last instanceof SqlResult.Failed)) {
        SqlStatement statement = statements.next();
        if (!statement.sql().isEmpty()) {
          last = runner.run(statement);
        }
      }
    } catch (SqliteException.InvalidText e) {
      last = new SqlResult.Failed("the text is not valid UTF-8", 0);
    }
    if (write.rollback() && !(last instanceof SqlResult.Failed)) {
      last = new SqlResult.Failed(LEFT_OPEN, 0);
    }
    return new EntryOutcome(last == null ? List.of() : List.of(last), null, runner.changed());
  }

  private EntryOutcome each(Iterator<SqlStatement> statements) throws SQLException {
    while (statements.hasNext()) {
      SqlStatement statement = statements.next();
      if (!statement.sql().isEmpty()) {
        results.add(runner.run(statement));
      }
    }
    if (write.rollback()) {
      return new EntryOutcome(List.of(), LEFT_OPEN, runner.changed());
    }
    return new EntryOutcome(results, null, runner.changed());
  }

  private EntryOutcome transaction(Iterator<SqlStatement> statements) throws SQLException {
    write.begin();
    while (statements.hasNext()) {
      SqlStatement statement = statements.next();
      if (statement.sql().isEmpty()) {
        continue;
      }
      SqlResult result = runner.run(statement);
      results.add(result);
      if (result instanceof SqlResult.Failed
          && !(entry.form() == SqlForm.REQUEST && runner.failedToPrepare())) {
        write.rollback();
        return new EntryOutcome(results, null, false);
      }
    }
    try {
      write.commit();
    } catch (SQLException e) {
      if (!SqliteErrors.isOutcome(e)) {
        throw e;
      }
      // A COMMIT of the client's may have come before this one.
      boolean kept = !write.rollback() && runner.changed();
      return new EntryOutcome(List.of(), SqliteErrors.message(e), kept);
    }
    return new EntryOutcome(results, null, runner.changed());
  }
}
