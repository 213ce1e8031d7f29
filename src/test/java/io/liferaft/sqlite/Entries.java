package io.liferaft.sqlite;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Short ways to make entries. */
final class Entries {

  static final long CLOCK = 1_700_000_000_123L; // 2023-11-14 22:13:20.123
  static final long STEPS = 50_000_000L;

  private Entries() {}

  static SqlEntry execute(String... sql) {
    return entry(SqlForm.EXECUTE, false, 1, sql);
  }

  static SqlEntry transaction(String... sql) {
    return entry(SqlForm.EXECUTE, true, 1, sql);
  }

  static SqlEntry request(String... sql) {
    return entry(SqlForm.REQUEST, false, 1, sql);
  }

  static SqlEntry entry(SqlForm form, boolean transaction, long seed, String... sql) {
    return of(Arrays.stream(sql).map(SqlStatement::of).toList(), form, transaction, seed, STEPS);
  }

  static SqlEntry of(
      List<SqlStatement> statements, SqlForm form, boolean transaction, long seed, long steps) {
    return new SqlEntry(statements, transaction, form, CLOCK, seed, steps, true);
  }

  static SqlEntry budget(long steps, String... sql) {
    return of(Arrays.stream(sql).map(SqlStatement::of).toList(), SqlForm.EXECUTE, false, 1, steps);
  }

  /** A statement with positional values; {@code Long, Double, String, byte[]} or null. */
  static SqlStatement with(String sql, @Nullable Object... values) {
    return new SqlStatement(
        sql, Arrays.stream(values).map(value -> new SqlParameter(null, value)).toList());
  }

  static SqlParameter named(String name, @Nullable Object value) {
    return new SqlParameter(name, value);
  }

  /** Results without times, for comparing. */
  static String show(EntryOutcome outcome) {
    return show(outcome.results()) + (outcome.error() == null ? "" : " error: " + outcome.error());
  }

  static String show(List<SqlResult> results) {
    return String.join(" ", results.stream().map(Entries::show).toList());
  }

  static String show(SqlResult result) {
    return switch (result) {
      case SqlResult.Write write ->
          "write(" + write.lastInsertId() + "," + write.rowsAffected() + ")";
      case SqlResult.Failed failed -> "failed(" + failed.message() + ")";
      case SqlResult.Rows rows ->
          "rows("
              + rows.columns()
              + rows.types()
              + rows.values().stream()
                  .map(row ->
                      Arrays.stream(row)
                          .map(v -> v instanceof byte[] b ? "x" + Arrays.toString(b) : "" + v)
                          .toList())
                  .toList()
              + ")";
    };
  }
}
