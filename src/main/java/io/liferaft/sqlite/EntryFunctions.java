package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sqlite.Function;

/**
 * The SQL functions of a write connection whose results must be the same on every node: time from
 * the entry's clock, random numbers from its seed, counters that start at 0 with every entry.
 * Functions that tell about the node itself fail in statements that write.
 */
final class EntryFunctions implements AutoCloseable {

  /** The longest random blob; it passes through the heap. */
  private static final int LONGEST_BLOB = 16 * 1024 * 1024;

  private final NativeConnection connection;
  private final EntryClock clock = new EntryClock();
  private final SeededRandom random = new SeededRandom();
  private final TimeFunctions times;
  private @Nullable NativeConnection node;
  private long changesBefore;
  private boolean reading;

  EntryFunctions(NativeConnection connection) throws SQLException {
    this.connection = connection;
    this.times = new TimeFunctions(clock);
    times.install(connection);
    Function.create(connection.jdbc(), "random", new Random(), 0, 0);
    Function.create(connection.jdbc(), "randomblob", new RandomBlob(), 1, 0);
    Function.create(connection.jdbc(), "total_changes", new TotalChanges(), 0, 0);
    for (String name : List.of("sqlite_version", "sqlite_source_id", "fts5_source_id")) {
      Function.create(connection.jdbc(), name, new OfNode(name), 0, 0);
    }
    for (String name :
        List.of("sqlite_compileoption_get", "sqlite_compileoption_used", "sqlite_offset")) {
      Function.create(connection.jdbc(), name, new OfNode(name), 1, 0);
    }
  }

  /** From here on results are those of this entry, whatever ran before. */
  void begin(long clockMillis, long seed) throws SQLException {
    clock.set(clockMillis);
    random.seed(seed);
    changesBefore = connection.database().total_changes();
  }

  /** Whether the next statement only reads; then it may see what differs between nodes. */
  void reading(boolean readsOnly) {
    reading = readsOnly;
  }

  @Override
  public void close() throws SQLException {
    times.close();
    if (node != null) {
      node.close();
    }
  }

  private final class Random extends Function {
    @Override
    protected void xFunc() throws SQLException {
      result(random.next());
    }
  }

  private final class RandomBlob extends Function {
    @Override
    protected void xFunc() throws SQLException {
      long length = Math.max(1, value_long(0));
      if (length > LONGEST_BLOB) {
        error("string or blob too big");
      } else {
        result(random.bytes((int) length));
      }
    }
  }

  private final class TotalChanges extends Function {
    @Override
    protected void xFunc() throws SQLException {
      result(connection.database().total_changes() - changesBefore);
    }
  }

  private final class OfNode extends Function {
    private final String name;

    OfNode(String name) {
      this.name = name;
    }

    @Override
    protected void xFunc() throws SQLException {
      if (!reading || name.equals("sqlite_offset")) {
        error(name + "() differs between nodes and cannot be used in a write");
        return;
      }
      try {
        NativeConnection own = node;
        if (own == null) {
          own = NativeConnection.memory();
          node = own;
        }
        ask(own);
      } catch (SQLException e) {
        error(SqliteErrors.message(e));
      }
    }

    private void ask(NativeConnection own) throws SQLException {
      String mark = args() == 0 ? "" : "?";
      try (PreparedSql statement = own.prepare("SELECT " + name + "(" + mark + ")")) {
        @Nullable Object[] values =
            args() == 0 ? new @Nullable Object[0] : new @Nullable Object[] {value_text(0)};
        Object value = statement.run(values) ? statement.valueAt(0) : null;
        switch (value) {
          case null -> result();
          case Long number -> result(number.longValue());
          default -> result(value.toString());
        }
      }
    }
  }
}
