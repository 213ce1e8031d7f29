package io.liferaft.sqlite;

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
   * @param types per column its declared type lower-cased, or as inferred from the first row:
   *     {@code integer}, {@code real}, {@code text} or empty
   * @param values a row is an array of {@link Long}, {@link Double}, {@link String}, {@code byte[]}
   *     or null, as stored; conversions by declared type are the caller's
   */
  record Rows(List<String> columns, List<String> types, List<@Nullable Object[]> values, long nanos)
      implements SqlResult {}

  /**
   * A statement that failed.
   *
   * @param message SQLite's bare message, without code or prefix
   */
  record Failed(String message, long nanos) implements SqlResult {}
}
