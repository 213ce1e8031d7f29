package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads the rows of one statement after another into answers that together stay below a limit. */
final class RowReader {

  /** Most bytes of rows in the answer to a write; a constant, so that it is an outcome. */
  static final long MOST_BYTES_OF_A_WRITE = 32L * 1024 * 1024;

  /** Most bytes of rows in the answer to a read: this node's own affair, bounded by its heap. */
  static final long MOST_BYTES_OF_A_READ =
      Math.min(64L * 1024 * 1024, Runtime.getRuntime().maxMemory() / 8);

  private static final long VALUE_BYTES = 8;
  private static final long ROW_BYTES = 16;

  private final boolean keep;
  private final long most;
  private final @Nullable AnswerClaim claim;
  private long bytes;

  /**
   * @param keep whether anybody wants the rows; if not they are counted and dropped
   * @param most bytes that they may take together
   */
  RowReader(boolean keep, long most) {
    this(keep, most, null);
  }

  /** Rows that are kept, and taken from the memory of all answers. */
  RowReader(long most, AnswerClaim claim) {
    this(true, most, claim);
  }

  private RowReader(boolean keep, long most, @Nullable AnswerClaim claim) {
    this.keep = keep;
    this.most = most;
    this.claim = claim;
  }

  static String tooLarge(long most) {
    return "result too large: the rows of one request may take " + most + " bytes";
  }

  /**
   * Reads a statement to its end. Declared types come from the statement before its first step.
   *
   * @param row whether the first step gave a row
   */
  SqlResult.Rows read(PreparedSql statement, boolean row, long startNanos)
      throws SQLException, SqlFailure {
    int columns = statement.currentColumnCount();
    List<String> names = new ArrayList<>(columns);
    List<String> tables = new ArrayList<>(columns);
    List<String> types = new ArrayList<>(columns);
    List<@Nullable Object[]> values = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      names.add(statement.columnName(i));
      if (keep) {
        tables.add(statement.tableName(i));
      }
      String declared = statement.declaredType(i);
      types.add(declared == null ? "" : declared.toLowerCase(Locale.ROOT));
    }
    boolean first = true;
    while (row) {
      @Nullable Object[] next = statement.row(columns, most - bytes);
      if (next == null) {
        throw new SqlFailure(tooLarge(most));
      }
      if (first) {
        infer(types, next);
        first = false;
      }
      count(next);
      if (keep) {
        values.add(next);
      }
      row = statement.step();
    }
    return new SqlResult.Rows(names, tables, types, values, System.nanoTime() - startNanos);
  }

  static SqlResult.Rows none(long startNanos) {
    return new SqlResult.Rows(List.of(), List.of(), List.of(), System.nanoTime() - startNanos);
  }

  private void count(@Nullable Object[] row) throws SqlFailure {
    long size = size(row);
    bytes += size;
    if (bytes > most) {
      throw new SqlFailure(tooLarge(most));
    }
    if (claim != null) {
      claim.count(size);
    }
  }

  /** What a row counts for. */
  static long size(@Nullable Object[] row) {
    long size = ROW_BYTES;
    for (Object value : row) {
      size += size(value);
    }
    return size;
  }

  /** What a value counts for. */
  static long size(@Nullable Object value) {
    return switch (value) {
      case String text -> VALUE_BYTES + text.length();
      case byte[] blob -> VALUE_BYTES + blob.length;
      case null, default -> VALUE_BYTES;
    };
  }

  private static void infer(List<String> types, @Nullable Object[] row) {
    for (int i = 0; i < row.length; i++) {
      if (types.get(i).isEmpty()) {
        types.set(
            i,
            switch (row[i]) {
              case null -> "";
              case Long _ -> "integer";
              case Double _ -> "real";
              default -> "text";
            });
      }
    }
  }
}
