package io.liferaft.sqlite;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Properties;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConnection;
import org.sqlite.SQLiteLimits;
import org.sqlite.SQLiteOpenMode;
import org.sqlite.core.DB;

/**
 * One SQLite connection, used through the driver's core and not through JDBC: no implied
 * transactions, no generated keys. For one thread at a time. Who opens it closes it.
 */
final class NativeConnection implements AutoCloseable {

  /** The longest value or row. */
  private static final int LONGEST_VALUE = 64 * 1024 * 1024;

  /** SQLite matches patterns by recursion, which a longer one would take past a thread's stack. */
  private static final int LONGEST_PATTERN = 4_000;

  private static final int LONGEST_STATEMENT = 1_000_000_000;

  /** Placeholders of one statement. */
  static final int MOST_VARIABLES = 32_766;

  private static final String BUSY_MILLIS = "5000";

  private final SQLiteConnection jdbc;
  private final DB database;

  private NativeConnection(SQLiteConnection jdbc) throws SQLException {
    this.jdbc = jdbc;
    this.database = jdbc.getDatabase();
    // The driver's own BEGIN and COMMIT around every statement stay off.
    jdbc.getConnectionConfig().setAutoCommit(false);
    jdbc.setLimit(SQLiteLimits.SQLITE_LIMIT_LENGTH, LONGEST_VALUE);
    jdbc.setLimit(SQLiteLimits.SQLITE_LIMIT_SQL_LENGTH, LONGEST_STATEMENT);
    jdbc.setLimit(SQLiteLimits.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LONGEST_PATTERN);
    jdbc.setLimit(SQLiteLimits.SQLITE_LIMIT_VARIABLE_NUMBER, MOST_VARIABLES);
  }

  /** The file as the apply thread writes it. Creates an empty one where there is none. */
  static NativeConnection write(Path file) throws SQLException {
    NativeConnection connection = open(file.toString(), 0, BUSY_MILLIS);
    connection.setUp(
        "PRAGMA wal_autocheckpoint=0", "PRAGMA synchronous=OFF", "PRAGMA temp_store=MEMORY");
    return connection;
  }

  /** For checkpoints: syncs, and never waits for a reader. */
  static NativeConnection checkpoint(Path file) throws SQLException {
    NativeConnection connection = open(file.toString(), 0, "0");
    connection.setUp("PRAGMA wal_autocheckpoint=0", "PRAGMA synchronous=FULL");
    return connection;
  }

  /** Can change nothing. */
  static NativeConnection read(Path file) throws SQLException {
    NativeConnection connection = open(file.toString(), SQLiteOpenMode.READONLY.flag, BUSY_MILLIS);
    connection.jdbc.setLimit(SQLiteLimits.SQLITE_LIMIT_ATTACHED, 0);
    connection.setUp("PRAGMA query_only=1", "PRAGMA temp_store=MEMORY");
    return connection;
  }

  /** A file that nobody writes: neither a WAL nor locks are looked at or made. */
  static NativeConnection immutable(Path file) throws SQLException {
    String uri = "file:" + file.toAbsolutePath().toUri().getRawPath() + "?immutable=1";
    return open(uri, SQLiteOpenMode.READONLY.flag | SQLiteOpenMode.OPEN_URI.flag, BUSY_MILLIS);
  }

  static NativeConnection memory() throws SQLException {
    return open(":memory:", 0, BUSY_MILLIS);
  }

  private static NativeConnection open(String name, int flags, String busyMillis)
      throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("jdbc.get_generated_keys", "false");
    properties.setProperty("busy_timeout", busyMillis);
    if (flags != 0) {
      properties.setProperty("open_mode", Integer.toString(flags));
    }
    SQLiteConnection jdbc = JDBC.createConnection("jdbc:sqlite:" + name, properties);
    try {
      return new NativeConnection(jdbc);
    } catch (SQLException e) {
      jdbc.close();
      throw e;
    }
  }

  private void setUp(String... statements) throws SQLException {
    try {
      for (String statement : statements) {
        execute(statement);
      }
    } catch (SQLException e) {
      close();
      throw e;
    }
  }

  SQLiteConnection jdbc() {
    return jdbc;
  }

  DB database() {
    return database;
  }

  PreparedSql prepare(String sql) throws SQLException {
    return new PreparedSql(jdbc, sql);
  }

  /** Runs one statement to its end; rows are dropped. */
  void execute(String sql) throws SQLException {
    try (PreparedSql statement = prepare(sql)) {
      boolean row = statement.step();
      while (row) {
        row = statement.step();
      }
    }
  }

  /** First column of the first row; 0 when there is none. */
  long number(String sql) throws SQLException {
    try (PreparedSql statement = prepare(sql)) {
      return statement.step() ? statement.longAt(0) : 0;
    }
  }

  /** First column of the first row. */
  String text(String sql) throws SQLException {
    try (PreparedSql statement = prepare(sql)) {
      return statement.step() ? String.valueOf(statement.valueAt(0)) : "";
    }
  }

  /** Whether it can be opened says nothing: this reads the schema, so that the WAL is looked at. */
  void touch() throws SQLException {
    number("SELECT count(*) FROM sqlite_schema");
  }

  @Override
  public void close() throws SQLException {
    jdbc.close();
  }
}
