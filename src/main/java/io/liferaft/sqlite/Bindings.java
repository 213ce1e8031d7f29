package io.liferaft.sqlite;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gives placeholders their values, by rqlite's counting. */
final class Bindings {

  private static final @Nullable Object[] NONE = {};

  private Bindings() {}

  /**
   * Values for the placeholders of one statement.
   *
   * @param from how many parameters earlier statements of the text took
   * @param count the statement's placeholders, as SQLite counts them
   * @param write a write without any parameter at all runs with every placeholder NULL
   * @throws SqlFailure when there are too few, or a name is none
   */
  static @Nullable Object[] of(
      SqlPiece piece, int count, List<SqlParameter> parameters, int from, boolean write)
      throws SqlFailure {
    if (count == 0) {
      return NONE;
    }
    @Nullable Object[] values = new @Nullable Object[count];
    if (parameters.isEmpty() && write) {
      return values;
    }
    int left = parameters.size() - from;
    if (left < count) {
      throw new SqlFailure("not enough args to execute query: want " + count + " got " + left);
    }
    for (int i = 0; i < parameters.size(); i++) {
      SqlParameter parameter = parameters.get(i);
      String name = parameter.name();
      if (name != null) {
        byName(piece, name, parameter.value(), values);
      } else if (i >= from && i < from + count) {
        values[i - from] = parameter.value();
      }
    }
    return values;
  }

  private static void byName(
      SqlPiece piece, String name, @Nullable Object value, @Nullable Object[] values) {
    List<@Nullable String> variables = piece.variables();
    for (int i = 0; i < variables.size() && i < values.length; i++) {
      String variable = variables.get(i);
      if (variable != null && variable.length() == name.length() + 1 && variable.endsWith(name)) {
        values[i] = value;
      }
    }
  }

  /** Refuses names that rqlite refuses. */
  static void checkNames(List<SqlParameter> parameters) throws SqlFailure {
    for (SqlParameter parameter : parameters) {
      String name = parameter.name();
      if (name != null && (name.isEmpty() || !Character.isLetter(name.codePointAt(0)))) {
        throw new SqlFailure("name \"" + name + "\" does not begin with a letter");
      }
    }
  }
}
