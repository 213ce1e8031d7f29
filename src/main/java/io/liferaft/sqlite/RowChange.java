package io.liferaft.sqlite;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One row that a write has changed, as SQLite stored it: values are {@code Long}, {@code Double},
 * {@code String}, {@code byte[]} or null, in the order of the columns.
 *
 * @param columns the table's, generated ones too
 * @param oldRowId before the change; 0 for an INSERT and for a table WITHOUT ROWID
 * @param newRowId after the change; 0 for a DELETE and for a table WITHOUT ROWID
 * @param before the row as it was; null for an INSERT
 * @param after the row as it is; null for a DELETE
 */
public record RowChange(
    Kind kind,
    String table,
    List<String> columns,
    long oldRowId,
    long newRowId,
    @Nullable List<@Nullable Object> before,
    @Nullable List<@Nullable Object> after) {

  /** What was done to the row. */
  public enum Kind {
    INSERT,
    UPDATE,
    DELETE
  }
}
