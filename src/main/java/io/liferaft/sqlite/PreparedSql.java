package io.liferaft.sqlite;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConnection;
import org.sqlite.SQLiteLimits;
import org.sqlite.core.Codes;
import org.sqlite.core.CoreStatement;
import org.sqlite.core.DB;

/**
 * A prepared statement on SQLite's own terms: step, read, reset. One that failed with anything but
 * a constraint is dead and must be closed.
 */
final class PreparedSql implements AutoCloseable {

  private static final int PRIMARY = 0xFF;

  /** Of a text up to this length an error may repeat every token. */
  private static final int LONG = 1_000_000;

  /** SQLite's text for an error whose own text would be longer than a value may be. */
  private static final String NO_TEXT = "SQL logic error";

  private final DB database;
  private final PreparedStatement jdbc;
  private final CoreStatement core;
  private final int parameterCount;
  private final int columnCount;

  PreparedSql(SQLiteConnection connection, String sql) throws SQLException {
    this.database = connection.getDatabase();
    if (sql.length() > LONG) {
      tryOut(connection, sql);
    }
    this.jdbc = connection.prepareStatement(sql);
    this.core = (CoreStatement) jdbc;
    this.parameterCount = jdbc.getParameterMetaData().getParameterCount();
    this.columnCount = core.pointer.safeRunInt(DB::column_count);
  }

  /**
   * Fails when SQLite's complaint about a long statement would be long, too: of such a text the
   * driver makes so many copies that a small heap does not hold them. Here no text is made beyond
   * {@link #LONG}. Whatever else comes of it is left to the real attempt, because a limit on the
   * length of values changes what some statements mean.
   */
  private static void tryOut(SQLiteConnection connection, String sql) throws SQLException {
    DB database = connection.getDatabase();
    try (PreparedStatement _ = connection.prepareStatement("SELECT 1 FROM sqlite_schema")) {
      // The schema has been read now, under the usual limit.
    }
    int before = database.limit(SQLiteLimits.SQLITE_LIMIT_LENGTH.getId(), LONG);
    try (PreparedStatement _ = connection.prepareStatement(sql)) {
      return;
    } catch (SQLException e) {
      if (SqliteErrors.message(e).equals(NO_TEXT)) {
        throw DB.newSQLException(Codes.SQLITE_ERROR, SqliteErrors.TOO_LONG_TO_SHOW);
      }
    } finally {
      int _ = database.limit(SQLiteLimits.SQLITE_LIMIT_LENGTH.getId(), before);
    }
  }

  int parameterCount() {
    return parameterCount;
  }

  /** Result columns as prepared; 0 for a statement that returns nothing. */
  int columnCount() {
    return columnCount;
  }

  /** Result columns now: a schema change may have altered them. */
  int currentColumnCount() throws SQLException {
    return core.pointer.safeRunInt(DB::column_count);
  }

  /** Binds all values and takes the first step; true when there is a row. Then reset. */
  boolean run(@Nullable Object[] values) throws SQLException {
    if (values.length == 0) {
      return step();
    }
    int code = core.pointer.safeRunInt((db, p) -> DriverBorder.bind(db, p, values));
    if (code != Codes.SQLITE_OK) {
      throw DriverBorder.failure(database, code);
    }
    boolean row = step();
    if (!row) {
      reset();
    }
    return row;
  }

  /** The next step; true when there is a row. */
  boolean step() throws SQLException {
    int code = core.pointer.safeRunInt(DB::step);
    return switch (code & PRIMARY) {
      case Codes.SQLITE_ROW -> true;
      case Codes.SQLITE_DONE -> false;
      default -> throw DriverBorder.failure(database, code);
    };
  }

  void reset() throws SQLException {
    if (!core.pointer.isClosed()) {
      core.pointer.safeRunInt(DB::reset);
    }
  }

  /** Reset, and without the values it was bound to, which may be large. */
  void unbind() throws SQLException {
    reset();
    core.pointer.safeRunInt(DB::clear_bindings);
  }

  /** One step without rows, and ready for the next time. */
  void once() throws SQLException {
    try {
      step();
    } finally {
      reset();
    }
  }

  long onceLong() throws SQLException {
    try {
      return step() ? longAt(0) : 0;
    } finally {
      reset();
    }
  }

  long longAt(int column) throws SQLException {
    return core.pointer.safeRunLong((db, p) -> db.column_long(p, column));
  }

  String columnName(int column) throws SQLException {
    String name = core.pointer.safeRun((db, p) -> db.column_name(p, column));
    return name == null ? "" : name;
  }

  /** Of the table that a column comes from, through views and aliases; empty for an expression. */
  String tableName(int column) throws SQLException {
    String name = core.pointer.safeRun((db, p) -> db.column_table_name(p, column));
    return name == null ? "" : name;
  }

  /** As written in CREATE TABLE; null for anything that is not a plain column. */
  @Nullable String declaredType(int column) throws SQLException {
    return core.pointer.safeRun((db, p) -> db.column_decltype(p, column));
  }

  @Nullable Object valueAt(int column) throws SQLException {
    return core.pointer.safeRun((db, p) -> value(db, p, column));
  }

  /** Bytes of a text in UTF-8, or of a BLOB, as stored. */
  byte[] bytesAt(int column) throws SQLException {
    return core.pointer.<byte[], SQLException>safeRun((db, p) -> {
      // Asked for as text first, SQLite has turned UTF-16 into UTF-8.
      String _ = db.column_text(p, column);
      byte[] bytes = db.column_blob(p, column);
      return bytes == null ? new byte[0] : bytes;
    });
  }

  /**
   * All values of the current row, under one check of the pointer.
   *
   * @return null as soon as the values take more than {@code most} bytes: no more are fetched then
   */
  @Nullable Object @Nullable [] row(int columns, long most) throws SQLException {
    return core.pointer.<@Nullable Object @Nullable [], SQLException>safeRun((db, p) -> {
      @Nullable Object[] row = new @Nullable Object[columns];
      long bytes = 0;
      for (int i = 0; i < columns; i++) {
        row[i] = value(db, p, i);
        bytes += RowReader.size(row[i]);
        if (bytes > most) {
          return null;
        }
      }
      return row;
    });
  }

  private static @Nullable Object value(DB db, long pointer, int column) throws SQLException {
    return switch (db.column_type(pointer, column)) {
      case Codes.SQLITE_INTEGER -> db.column_long(pointer, column);
      case Codes.SQLITE_FLOAT -> db.column_double(pointer, column);
      case Codes.SQLITE_TEXT -> db.column_text(pointer, column);
      case Codes.SQLITE_BLOB -> {
        byte[] bytes = db.column_blob(pointer, column);
        yield bytes == null ? new byte[0] : bytes;
      }
      default -> null;
    };
  }

  @Override
  public void close() throws SQLException {
    // Else closing reports the failure of the last step once more, with the whole of its text.
    reset();
    jdbc.close();
  }
}
