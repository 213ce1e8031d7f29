package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A table whose changes are captured, and the triggers that do it. They only call functions, with a
 * row's values in parts, since a function takes so many arguments and no more.
 *
 * @param columns with generated ones
 * @param key places of the columns that tell its rows apart where no row id does: of the primary
 *     key, or all when columns have taken all names of the row id; else empty
 * @param rowId how a statement names the row id; NULL where it cannot
 * @param unique what tells two rows of equal keys, for the row {@code NEW}; for each unique index
 *     over plain columns
 */
record CapturedTable(
    int id,
    String name,
    List<String> columns,
    List<Integer> key,
    String rowId,
    List<String> unique) {

  /** Begins the names of everything that captures. */
  static final String RESERVED = "_liferaft_change";

  static final String CHANGE = RESERVED;
  static final String BEGIN = RESERVED + "_begin";
  static final String VICTIM = RESERVED + "_victim";
  static final String REPLACING = RESERVED + "_replacing";

  private static final String NO_ROW_ID = "NULL";
  private static final int PART = 90;

  static CapturedTable of(NativeConnection connection, int id, String name, boolean withoutRowId)
      throws SQLException {
    List<String> columns = new ArrayList<>();
    List<Integer> primaryKey = new ArrayList<>();
    try (PreparedSql rows =
        connection.prepare(
            "SELECT name, pk FROM pragma_table_xinfo(%s) WHERE hidden<>1 ORDER BY cid"
                .formatted(text(name)))) {
      while (rows.step()) {
        if (withoutRowId && rows.longAt(1) > 0) {
          primaryKey.add(columns.size());
        }
        columns.add(String.valueOf(rows.valueAt(0)));
      }
    }
    String rowId = withoutRowId ? NO_ROW_ID : rowIdName(columns);
    List<Integer> key =
        withoutRowId
            ? primaryKey
            : rowId.equals(NO_ROW_ID)
                ? IntStream.range(0, columns.size()).boxed().toList()
                : List.of();
    return new CapturedTable(
        id, name, List.copyOf(columns), List.copyOf(key), rowId, unique(connection, name, columns));
  }

  private static String rowIdName(List<String> columns) {
    List<String> taken = columns.stream().map(column -> column.toLowerCase(Locale.ROOT)).toList();
    return List.of("rowid", "_rowid_", "oid").stream()
        .filter(word -> !taken.contains(word))
        .findFirst()
        .orElse(NO_ROW_ID);
  }

  private static List<String> unique(
      NativeConnection connection, String table, List<String> columns) throws SQLException {
    List<String> indexes = new ArrayList<>();
    try (PreparedSql rows =
        connection.prepare(
            "SELECT name FROM pragma_index_list(%s) WHERE \"unique\"=1 AND partial=0 ORDER BY name"
                .formatted(text(table)))) {
      while (rows.step()) {
        indexes.add(String.valueOf(rows.valueAt(0)));
      }
    }
    List<String> conditions = new ArrayList<>();
    for (String index : indexes) {
      List<String> parts = new ArrayList<>();
      try (PreparedSql rows =
          connection.prepare(
              "SELECT name, coll FROM pragma_index_xinfo(%s) WHERE key=1 ORDER BY seqno"
                  .formatted(text(index)))) {
        while (rows.step()) {
          String column = String.valueOf(rows.valueAt(0));
          parts.add(
              columns.contains(column) && rows.valueAt(1) != null
                  ? "%1$s=NEW.%1$s COLLATE %2$s"
                      .formatted(quoted(column), quoted(String.valueOf(rows.valueAt(1))))
                  : ""); // an expression
        }
      }
      if (!parts.isEmpty() && !parts.contains("")) {
        conditions.add("(" + String.join(" AND ", parts) + ")");
      }
    }
    return List.copyOf(conditions);
  }

  /** The statements that make a connection call back for every row changed. */
  List<String> triggers() {
    List<String> made = new ArrayList<>();
    made.add(trigger("i", "AFTER INSERT", "", "SELECT " + call(RowChange.Kind.INSERT, "NEW")));
    made.add(
        trigger("u", "AFTER UPDATE", "", "SELECT " + call(RowChange.Kind.UPDATE, "OLD", "NEW")));
    made.add(trigger("d", "AFTER DELETE", "", "SELECT " + call(RowChange.Kind.DELETE, "OLD")));
    List<String> same = new ArrayList<>(unique);
    if (hasRowId()) {
      same.add("(%1$s=NEW.%1$s)".formatted(rowId));
    }
    if (!same.isEmpty()) {
      String victims = victims(String.join(" OR ", same));
      String begin = "SELECT %s(%d); ".formatted(BEGIN, id);
      String when = " WHEN " + REPLACING + "()";
      made.add(trigger("r", "BEFORE INSERT", when, begin + victims));
      made.add(trigger("s", "BEFORE UPDATE", when, begin + victims + " AND NOT " + itself()));
    }
    return made;
  }

  private boolean hasRowId() {
    return !rowId.equals(NO_ROW_ID);
  }

  private String itself() {
    return hasRowId()
        ? "(%1$s=OLD.%1$s)".formatted(rowId)
        : key.stream()
            .map(place -> quoted(columns.get(place)))
            .map("%1$s IS OLD.%1$s"::formatted)
            .collect(Collectors.joining(" AND ", "(", ")"));
  }

  private String trigger(String suffix, String event, String when, String body) {
    return "CREATE TEMP TRIGGER %s_%d%s %s ON main.%s%s BEGIN %s; END"
        .formatted(RESERVED, id, suffix, event, quoted(name), when, body);
  }

  private String call(RowChange.Kind kind, String... rows) {
    List<String> values = new ArrayList<>();
    values.add(Integer.toString(id));
    values.add("'" + kind.name() + "'");
    values.add(kind == RowChange.Kind.INSERT ? "0" : rowIdOf("OLD"));
    values.add(kind == RowChange.Kind.DELETE ? "0" : rowIdOf("NEW"));
    for (String row : rows) {
      columns.forEach(column -> values.add(row + "." + quoted(column)));
    }
    return inParts(CHANGE, values);
  }

  private String rowIdOf(String row) {
    return hasRowId() ? row + "." + rowId : "0";
  }

  private String victims(String same) {
    List<String> values = new ArrayList<>();
    values.add(Integer.toString(id));
    values.add(
        unique.isEmpty() ? "0" : "CASE WHEN " + String.join(" OR ", unique) + " THEN 1 ELSE 0 END");
    values.add(hasRowId() ? rowId : "0");
    columns.forEach(column -> values.add(quoted(column)));
    return "SELECT %s FROM main.%s WHERE (%s)"
        .formatted(inParts(VICTIM, values), quoted(name), same);
  }

  /** Each call says how many follow. */
  private static String inParts(String function, List<String> values) {
    List<String> calls = new ArrayList<>();
    for (int from = 0; from < values.size(); from += PART) {
      int to = Math.min(values.size(), from + PART);
      int following = (values.size() - 1) / PART - from / PART;
      calls.add(
          "%s(%d,%s)".formatted(function, following, String.join(",", values.subList(from, to))));
    }
    return String.join(", ", calls);
  }

  /** Whether two images are of the same row. */
  boolean sameRow(
      long rowId,
      @Nullable List<@Nullable Object> image,
      long otherRowId,
      @Nullable List<@Nullable Object> other) {
    if (key.isEmpty()) {
      return rowId == otherRowId;
    }
    return image != null
        && other != null
        && key.stream().allMatch(i -> Objects.deepEquals(image.get(i), other.get(i)));
  }

  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  private static String text(String name) {
    return "'" + name.replace("'", "''") + "'";
  }
}
