package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.List;
import org.sqlite.Function;

/**
 * The SQL functions of a write connection whose results must be the same on every node: time from
 * the entry's clock, random numbers from its seed, counters that start at 0 with every entry.
 * Functions that tell about the node itself fail in statements that write.
 */
final class EntryFunctions {

  /** The longest random blob; it passes through the heap. */
  private static final int LONGEST_BLOB = 16 * 1024 * 1024;

  private final NativeConnection connection;
  private final EntryClock clock = new EntryClock();
  private final SeededRandom random = new SeededRandom();
  private final BuiltInFunctions builtIn;
  private long changesBefore;
  private boolean reading;

  EntryFunctions(NativeConnection connection, BuiltInFunctions builtIn) throws SQLException {
    this.connection = connection;
    this.builtIn = builtIn;
    new TimeFunctions(clock, builtIn).install(connection);
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
        Object value =
            builtIn.call(name, args() == 0 ? List.of() : List.of(String.valueOf(value_text(0))));
        switch (value) {
          case null -> result();
          case Long number -> result(number.longValue());
          default -> result(value.toString());
        }
      } catch (SQLException e) {
        error(SqliteErrors.message(e));
      }
    }
  }
}
