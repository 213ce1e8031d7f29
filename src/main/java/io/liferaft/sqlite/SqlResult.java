package io.liferaft.sqlite;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answer to one {@link SqlStatement}. */
public sealed interface SqlResult {

  /** Time the statement took on the answering node, in nanoseconds. */
  long nanos();

  /**
   * A statement answered without rows.
   *
   * @param lastInsertId SQLite's last row id as rqlite reports it: repeated from earlier statements
   *     when this one inserted nothing
   * @param rowsAffected SQLite's change counter, likewise
   */
  record Write(long lastInsertId, long rowsAffected, long nanos) implements SqlResult {}

  /**
   * Rows. A statement without result columns has empty lists.
   *
   * @param tables per column the table that it comes from, by its own name; empty for an
   *     expression. An empty list when nobody has asked SQLite
   * @param types per column its declared type lower-cased, or as inferred from the first row:
   *     {@code integer}, {@code real}, {@code text} or empty
   * @param values a row is an array of {@link Long}, {@link Double}, {@link String}, {@code byte[]}
   *     or null, as stored; conversions by declared type are the caller's
   */
  record Rows(
      List<String> columns,
      List<String> tables,
      List<String> types,
      List<@Nullable Object[]> values,
      long nanos)
      implements SqlResult {

    /** Rows of which nobody knows the tables. */
    public Rows(
        List<String> columns, List<String> types, List<@Nullable Object[]> values, long nanos) {
      this(columns, List.of(), types, values, nanos);
    }

    /** The same with {@code table.column} for the names of those columns that are a table's. */
    public Rows qualified() {
      List<String> names = new ArrayList<>(columns);
      for (int i = 0; i < tables.size(); i++) {
        if (!tables.get(i).isEmpty()) {
          names.set(i, tables.get(i) + "." + columns.get(i));
        }
      }
      return new Rows(names, tables, types, values, nanos);
    }
  }

  /**
   * A statement that failed.
   *
   * @param message SQLite's bare message, without code or prefix
   */
  record Failed(String message, long nanos) implements SqlResult {}
}
