package io.liferaft.sqlite;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.sqlite.ProgressHandler;

/** A reader's connection with a clock that ends its statements. For one thread at a time. */
final class ReadConnection implements AutoCloseable {

  private static final int STEPS = 1000;
  private static final int STATEMENTS = 64;

  /** A statement with a longer text takes more memory than its preparation is worth. */
  private static final int LONGEST = 4096;

  private final NativeConnection connection;
  private final Limit limit;
  private final StatementCache statements = new StatementCache(STATEMENTS);
  private final SqlTexts texts = new SqlTexts(STATEMENTS);
  private boolean foreignKeys;

  ReadConnection(Path file, AtomicBoolean interrupt) throws SQLException {
    this.connection = NativeConnection.read(file);
    this.limit = new Limit(interrupt);
    try {
      ProgressHandler.setHandler(connection.jdbc(), STEPS, limit);
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  NativeConnection connection() {
    return connection;
  }

  /** The judged form of a statement's text. */
  SqlText text(String sql) {
    return texts.of(sql);
  }

  /** A statement ready to run; give it back with {@link #done}. */
  PreparedSql prepare(SqlPiece piece) throws SQLException {
    PreparedSql known = kept(piece) ? statements.take(piece.sql()) : null;
    return known != null ? known : connection.prepare(piece.sql());
  }

  /** Takes a statement back; one that failed is closed. */
  void done(SqlPiece piece, PreparedSql statement, boolean alive) throws SQLException {
    if (alive && kept(piece)) {
      statements.keep(piece.sql(), statement);
    } else {
      statement.close();
    }
  }

  private static boolean kept(SqlPiece piece) {
    return piece.kind() == StatementKind.SELECT && piece.sql().length() <= LONGEST;
  }

  /**
   * Says of foreign keys what writes enforce: a reader enforces nothing, and clients ask it by
   * {@code PRAGMA foreign_keys}. Not inside a transaction.
   */
  void foreignKeys(boolean enforced) throws SQLException {
    if (enforced != foreignKeys) {
      connection.execute("PRAGMA foreign_keys=" + (enforced ? 1 : 0));
      foreignKeys = enforced;
    }
  }

  /** Starts the clock of the next statement. */
  void limit(Duration timeout) {
    limit.start(timeout);
  }

  /** Whether the last statement took too long. */
  boolean timedOut() {
    return limit.timedOut;
  }

  /** Whether a checkpoint ended the last statement. */
  boolean interrupted() {
    return limit.interrupted;
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }

  private static final class Limit extends ProgressHandler {
    private final AtomicBoolean interrupt;
    private long start;
    private long nanos = Long.MAX_VALUE;
    private boolean timedOut;
    private boolean interrupted;

    Limit(AtomicBoolean interrupt) {
      this.interrupt = interrupt;
    }

    private void start(Duration timeout) {
      start = System.nanoTime();
      nanos = timeout.compareTo(Duration.ofDays(365)) > 0 ? Long.MAX_VALUE : timeout.toNanos();
      timedOut = false;
      interrupted = false;
    }

    @Override
    protected int progress() {
      interrupted = interrupt.get();
      timedOut = System.nanoTime() - start > nanos;
      return interrupted || timedOut ? 1 : 0;
    }
  }
}
