package io.liferaft.sqlite;

import java.util.List;

/**
 * A string of SQL with its parameters. The string may hold several statements separated by
 * semicolons; they take the parameters from left to right.
 *
 * @param sql the text, never rewritten
 * @param parameters in the order of the request; empty for none
 */
public record SqlStatement(String sql, List<SqlParameter> parameters) {

  public SqlStatement {
    parameters = List.copyOf(parameters);
  }

  /** A statement without parameters. */
  public static SqlStatement of(String sql) {
    return new SqlStatement(sql, List.of());
  }
}
