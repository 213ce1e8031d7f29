package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * SQLite's own functions on an in-memory connection that is opened when one is first called. Keeps
 * nothing between calls. For one thread.
 */
final class BuiltInFunctions implements AutoCloseable {

  private final Map<String, PreparedSql> statements = new HashMap<>();
  private @Nullable NativeConnection memory;

  @Nullable Object call(String name, List<@Nullable Object> arguments) throws SQLException {
    String key = name + arguments.size();
    PreparedSql statement = statements.get(key);
    if (statement == null) {
      String marks = String.join(",", Collections.nCopies(arguments.size(), "?"));
      statement = connection().prepare("SELECT " + name + "(" + marks + ")");
      statements.put(key, statement);
    }
    try {
      return statement.run(arguments.toArray()) ? statement.valueAt(0) : null;
    } catch (SQLException e) {
      statements.remove(key);
      throw e;
    } finally {
      statement.reset();
    }
  }

  private NativeConnection connection() throws SQLException {
    NativeConnection open = memory;
    if (open == null) {
      open = NativeConnection.memory();
      memory = open;
    }
    return open;
  }

  @Override
  public void close() throws SQLException {
    if (memory != null) {
      memory.close();
      memory = null;
    }
  }
}
