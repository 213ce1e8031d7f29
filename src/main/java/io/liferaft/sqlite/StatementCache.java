package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prepared statements of one connection, by their text, between two runs: preparing each time was 8
 * % of what a read by key costs. Those that were used least lately go. SQLite itself prepares one
 * again when the schema has changed since. For one thread at a time; closing the connection closes
 * them.
 */
final class StatementCache {

  private final int most;
  private final Map<String, PreparedSql> waiting;

  /**
   * @param most statements that are kept
   */
  StatementCache(int most) {
    this.most = most;
    this.waiting = new LinkedHashMap<>(most * 2, 0.75f, true);
  }

  /** A statement of this text, which is no longer kept then; null when there is none. */
  @Nullable PreparedSql take(String sql) {
    return waiting.remove(sql);
  }

  /**
   * Keeps a statement that may run again, without the values it was bound to.
   *
   * @param statement new, or taken before
   */
  void keep(String sql, PreparedSql statement) throws SQLException {
    statement.unbind();
    PreparedSql other = waiting.put(sql, statement);
    if (other != null) {
      other.close();
    }
    if (waiting.size() > most) {
      var eldest = waiting.entrySet().iterator();
      PreparedSql old = eldest.next().getValue();
      eldest.remove();
      old.close();
    }
  }
}
