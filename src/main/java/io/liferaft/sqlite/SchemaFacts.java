package io.liferaft.sqlite;

import java.sql.SQLException;

/** What the schema says about how entries may be grouped. */
final class SchemaFacts {

  private SchemaFacts() {}

  /** Whether there is no object but SQLite's own. */
  static boolean isEmpty(NativeConnection connection) throws SQLException {
    return connection.number(
            "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
        == 0;
  }

  /** Whether a foreign key is checked at COMMIT only. */
  static boolean deferredForeignKey(NativeConnection connection) throws SQLException {
    try (PreparedSql tables =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE type='table' AND sql NOT NULL")) {
      while (tables.step()) {
        if (tables.valueAt(0) instanceof String sql && mentionsDeferred(sql)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean mentionsDeferred(String sql) {
    SqlTokenizer tokens = new SqlTokenizer(sql);
    while (tokens.next() != SqlTokenizer.Kind.END) {
      if (tokens.isWord("deferred")) {
        return true;
      }
    }
    return false;
  }
}
