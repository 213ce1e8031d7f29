package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** What the schema says about how entries may be grouped. */
final class SchemaFacts {

  private static final String LAST_ROW_ID = "9223372036854775807";

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
        if (tables.valueAt(0) instanceof String sql && mentions(sql, "deferred")) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether a table with AUTOINCREMENT has come to its last row id, and says FULL for that. */
  static boolean rowIdsUsedUp(NativeConnection connection) throws SQLException {
    if (connection.number("SELECT count(*) FROM sqlite_sequence WHERE seq=" + LAST_ROW_ID) > 0) {
      return true;
    }
    for (String name : autoincrement(connection)) {
      String quoted = '"' + name.replace("\"", "\"\"") + '"';
      if (connection.number("SELECT count(*) FROM " + quoted + " WHERE rowid=" + LAST_ROW_ID) > 0) {
        return true;
      }
    }
    return false;
  }

  /** Whether tables with AUTOINCREMENT find the table they count in; else SQLite says CORRUPT. */
  static boolean sequenceIsSound(NativeConnection connection) throws SQLException {
    String named = "SELECT count(*) FROM sqlite_schema WHERE name='sqlite_sequence'";
    if (connection.number(named) == 0) {
      return autoincrement(connection).isEmpty();
    }
    return connection.number(
            "SELECT count(*) FROM pragma_table_list WHERE schema='main' AND name='sqlite_sequence'"
                + " AND type='table' AND wr=0 AND ncol=2")
        == 1;
  }

  /** Whether a table has AUTOINCREMENT: only then the table that they count in can be made. */
  static boolean countsRowIds(NativeConnection connection) throws SQLException {
    return !autoincrement(connection).isEmpty();
  }

  private static List<String> autoincrement(NativeConnection connection) throws SQLException {
    List<String> names = new ArrayList<>();
    try (PreparedSql tables =
        connection.prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type='table' AND sql NOT NULL")) {
      while (tables.step()) {
        if (tables.valueAt(1) instanceof String sql && mentions(sql, "autoincrement")) {
          names.add(String.valueOf(tables.valueAt(0)));
        }
      }
    }
    return names;
  }

  private static boolean mentions(String sql, String word) {
    SqlTokenizer tokens = new SqlTokenizer(sql);
    while (tokens.next() != SqlTokenizer.Kind.END) {
      if (tokens.isWord(word)) {
        return true;
      }
    }
    return false;
  }
}
