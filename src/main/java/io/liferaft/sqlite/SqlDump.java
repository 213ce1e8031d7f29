package io.liferaft.sqlite;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A database as the SQL text that makes it again, in rqlite's layout. Holds one row at a time. For
 * one thread, on a connection that nobody else writes to.
 */
final class SqlDump {

  private static final String SEQUENCE = "sqlite_sequence";
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  /** What SQLite writes in place of bytes that are no UTF-8. */
  private static final char REPLACEMENT = '\uFFFD';

  /**
   * A table of the schema.
   *
   * @param type {@code table}, {@code virtual}, or {@code shadow} for what a virtual one keeps its
   *     rows in
   */
  private record Table(String name, String sql, String type) {
    boolean is(String other) {
      return type.equals(other);
    }

    /** SQLite's own, which CREATE TABLE refuses to make. */
    boolean internal() {
      return name.toLowerCase(Locale.ROOT).startsWith("sqlite_");
    }
  }

  private final NativeConnection connection;
  private final Set<String> wanted;
  private final Writer out;

  /**
   * @param wanted names of the tables; empty for all
   */
  SqlDump(NativeConnection connection, Set<String> wanted, Writer out) {
    this.connection = connection;
    this.wanted = wanted;
    this.out = out;
  }

  void write() throws SQLException, IOException {
    out.write("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n");
    List<Table> all = tables();
    Set<String> virtual =
        all.stream().filter(t -> t.is("virtual")).map(Table::name).collect(Collectors.toSet());
    try (PreparedSql quote = connection.prepare("SELECT quote(?)")) {
      for (Table table : all) {
        if (wants(table, virtual)) {
          write(table, quote);
        }
      }
      // Behind all rows, since these count on as they are inserted.
      if (wants(SEQUENCE) && SchemaFacts.countsRowIds(connection)) {
        out.write("DELETE FROM \"" + SEQUENCE + "\";\n");
        rows(SEQUENCE, quote);
      }
    }
    others(all);
    out.write("COMMIT;\n");
  }

  private List<Table> tables() throws SQLException {
    List<Table> tables = new ArrayList<>();
    String list =
        "SELECT s.name, s.sql, l.type FROM sqlite_schema s"
            + " LEFT JOIN pragma_table_list l ON l.schema='main' AND l.name=s.name"
            + " WHERE s.type='table' AND s.sql NOT NULL ORDER BY s.name";
    try (PreparedSql select = connection.prepare(list)) {
      while (select.step()) {
        tables.add(new Table(text(select, 0), text(select, 1), text(select, 2)));
      }
    }
    return tables;
  }

  private boolean wants(Table table, Set<String> virtual) {
    return table.is("shadow")
        ? virtual.stream().anyMatch(v -> wants(v) && table.name.startsWith(v + "_"))
        : wants(table.name);
  }

  private boolean wants(String name) {
    return wanted.isEmpty() || wanted.contains(name);
  }

  private void write(Table table, PreparedSql quote) throws SQLException, IOException {
    if (table.is("shadow")) {
      // Made by its virtual table, which then is given what it had: also what cannot be selected
      // from it, as from one without content.
      out.write("DELETE FROM " + quoted(table.name) + ";\n");
    } else if (table.name.equals("sqlite_stat1")) {
      out.write("ANALYZE \"sqlite_master\";\n");
    } else if (table.internal()) {
      return;
    } else {
      out.write(table.sql + ";\n");
    }
    if (!table.is("virtual")) {
      rows(table.name, quote);
    }
  }

  private void rows(String table, PreparedSql quote) throws SQLException, IOException {
    String insert = "INSERT INTO " + quoted(table) + " VALUES(";
    try (PreparedSql select =
        connection.prepare("SELECT " + columns(table) + " FROM " + quoted(table))) {
      while (select.step()) {
        out.write(insert);
        for (int i = 0; i < select.columnCount(); i++) {
          if (i > 0) {
            out.write(',');
          }
          value(select, i, quote);
        }
        out.write(");\n");
      }
    }
  }

  /** Without those that are generated, which an INSERT leaves out, too. */
  private String columns(String table) throws SQLException {
    List<String> names = new ArrayList<>();
    String info = "SELECT name FROM pragma_table_info('" + table.replace("'", "''") + "')";
    try (PreparedSql select = connection.prepare(info)) {
      while (select.step()) {
        names.add(quoted(text(select, 0)));
      }
    }
    return String.join(",", names);
  }

  private void value(PreparedSql select, int column, PreparedSql quote)
      throws SQLException, IOException {
    Object value = select.valueAt(column);
    switch (value) {
      case null -> out.write("NULL");
      case String text -> text(text, select, column);
      case byte[] blob -> blob(blob);
      case Double real -> out.write(real(real, quote));
      default -> out.write(value.toString());
    }
  }

  /** In so many digits as it needs, by SQLite itself, which forgets the sign of zero only. */
  private static String real(Double real, PreparedSql quote) throws SQLException {
    if (real.equals(-0.0)) {
      return "-0.0";
    }
    try {
      boolean _ = quote.run(new @Nullable Object[] {real});
      return text(quote, 0);
    } finally {
      quote.reset();
    }
  }

  /** As quote() does, but whole: that ends a text at a NUL, and breaks bytes that are no UTF-8. */
  private void text(String text, PreparedSql select, int column) throws SQLException, IOException {
    if (text.indexOf('\0') >= 0 || text.indexOf(REPLACEMENT) >= 0) {
      byte[] bytes = select.bytesAt(column);
      if (text.indexOf('\0') >= 0 || !Arrays.equals(bytes, text.getBytes(StandardCharsets.UTF_8))) {
        out.write("CAST(");
        blob(bytes);
        out.write(" AS TEXT)");
        return;
      }
    }
    out.write('\'');
    out.write(text.replace("'", "''"));
    out.write('\'');
  }

  private void blob(byte[] blob) throws IOException {
    out.write("X'");
    HEX.formatHex(out, blob);
    out.write('\'');
  }

  /** Indexes, triggers and views, in the order in which they were made. */
  private void others(List<Table> all) throws SQLException, IOException {
    Set<String> shadows =
        all.stream().filter(t -> t.is("shadow")).map(Table::name).collect(Collectors.toSet());
    String list =
        "SELECT tbl_name, sql FROM sqlite_schema"
            + " WHERE type IN ('index','trigger','view') AND sql NOT NULL ORDER BY rowid";
    try (PreparedSql select = connection.prepare(list)) {
      while (select.step()) {
        if (!shadows.contains(text(select, 0))) {
          out.write(text(select, 1) + ";\n");
        }
      }
    }
  }

  private static String text(PreparedSql select, int column) throws SQLException {
    return String.valueOf(select.valueAt(column));
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
