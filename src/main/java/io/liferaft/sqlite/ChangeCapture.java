package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.Function;

/**
 * Makes one write connection tell a {@link ChangeSink} about every row it changes, by TEMP triggers
 * that do nothing but call functions (docs/adr/0011). They count as steps of a statement, so
 * whether there are any is replicated state and never a setting.
 *
 * <p>SQLite runs no trigger for the rows that REPLACE takes away. So where a statement may replace,
 * the rows that stand in the way of a new one are noted before, and are known to be gone when the
 * new one is there.
 */
final class ChangeCapture {

  /** A row that may have to give way. */
  private record Victim(
      CapturedTable table, boolean unique, long rowId, List<@Nullable Object> image) {}

  private record Savepoint(String name, long position) {}

  private static final Logger log = LoggerFactory.getLogger(ChangeCapture.class);

  private final NativeConnection connection;
  private final ChangeSink sink;
  private final boolean exact;
  private final List<CapturedTable> tables = new ArrayList<>();
  private final List<Boolean> wanted = new ArrayList<>();
  private final List<Victim> victims = new ArrayList<>();
  private final List<Savepoint> savepoints = new ArrayList<>();
  private final List<@Nullable Object> values = new ArrayList<>();
  private @Nullable SqlEntry entry;
  private boolean schemaReplaces;
  private boolean replacing;
  private boolean skipping;
  private long committed;

  /**
   * @param exact whether the connection's own commits are those of the entry
   */
  ChangeCapture(NativeConnection connection, ChangeSink sink, boolean exact) throws SQLException {
    this.connection = connection;
    this.sink = sink;
    this.exact = exact;
    Function.create(connection.jdbc(), CapturedTable.CHANGE, new Change(), -1, 0);
    Function.create(connection.jdbc(), CapturedTable.VICTIM, new VictimSeen(), -1, 0);
    Function.create(connection.jdbc(), CapturedTable.BEGIN, new Begin(), 1, 0);
    Function.create(connection.jdbc(), CapturedTable.REPLACING, new Replacing(), 0, 0);
    install();
  }

  /** As of the schema now. */
  void install() throws SQLException {
    remove();
    schemaReplaces |= // a rollback may bring it back
        connection.number("SELECT count(*) FROM main.sqlite_schema WHERE sql LIKE '%replace%'") > 0;
    List<CapturedTable> found = new ArrayList<>();
    try (PreparedSql rows =
        connection.prepare(
            "SELECT name, wr FROM pragma_table_list WHERE schema='main' AND type='table'"
                + " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")) {
      while (rows.step()) {
        found.add(
            CapturedTable.of(
                connection,
                tables.size() + found.size(),
                String.valueOf(rows.valueAt(0)),
                rows.longAt(1) != 0));
      }
    }
    for (CapturedTable table : found) {
      tables.add(table);
      wanted.add(sink.wants(table.name()));
      for (String trigger : table.triggers()) {
        create(table, trigger);
      }
    }
  }

  /** What SQLite refuses it refuses on every node: no reason to stop applying. */
  private void create(CapturedTable table, String trigger) throws SQLException {
    try {
      connection.execute(trigger);
    } catch (SQLException e) {
      if (!SqliteErrors.isOutcome(e)) {
        throw e;
      }
      log.warn(
          "Some changes of table {} are not captured: {}", table.name(), SqliteErrors.message(e));
    }
  }

  /** So that nothing refers to what a statement is about to alter. */
  void remove() throws SQLException {
    List<String> names = new ArrayList<>();
    try (PreparedSql rows =
        connection.prepare(
            "SELECT name FROM temp.sqlite_schema WHERE type='trigger' AND substr(name,1,%d)='%s'"
                .formatted(CapturedTable.RESERVED.length(), CapturedTable.RESERVED))) {
      while (rows.step()) {
        names.add(String.valueOf(rows.valueAt(0)));
      }
    }
    for (String name : names) {
      connection.execute("DROP TRIGGER temp." + CapturedTable.quoted(name));
    }
  }

  void start(SqlEntry begun) {
    entry = begun;
    savepoints.clear();
    sink.cut();
    committed = sink.position();
  }

  long position() {
    return sink.position();
  }

  void back(long position) {
    sink.back(position);
  }

  /** Before a statement runs. */
  void running(SqlPiece piece) {
    values.clear();
    victims.clear();
    skipping = false;
    replacing = schemaReplaces || piece.sql().toLowerCase(Locale.ROOT).contains("replace");
  }

  /**
   * A statement has ended.
   *
   * @param start position before it
   * @param kept whether what it changed is still there
   * @param commits whether it is a commit by itself
   */
  void ran(SqlPiece piece, long start, boolean kept, boolean commits) {
    if (piece.kind().changesRows() && !kept) {
      sink.back(start);
    }
    if (commits) {
      sink.cut();
    }
  }

  /** A BEGIN, COMMIT, SAVEPOINT or the like has run. */
  void transaction(SqlPiece piece) {
    SqlTokenizer tokens = new SqlTokenizer(piece.sql());
    tokens.next();
    String verb = tokens.name();
    String name = "";
    boolean to = false;
    while (tokens.next() != SqlTokenizer.Kind.END && !tokens.is(';')) {
      to |= verb.equals("rollback") && tokens.isWord("to");
      name = tokens.name().toLowerCase(Locale.ROOT); // the last one is the savepoint's
    }
    switch (verb) {
      case "savepoint" -> savepoints.add(new Savepoint(name, sink.position()));
      case "release" -> savepoints.subList(last(name), savepoints.size()).clear();
      case "rollback" -> {
        if (to) {
          int place = last(name);
          if (place < savepoints.size()) {
            sink.back(savepoints.get(place).position());
            savepoints.subList(place + 1, savepoints.size()).clear();
          }
        } else {
          savepoints.clear();
        }
      }
      default -> savepoints.clear(); // BEGIN, COMMIT, END
    }
  }

  /** The place of the latest savepoint of this name; behind all when there is none. */
  private int last(String name) {
    for (int i = savepoints.size() - 1; i >= 0; i--) {
      if (savepoints.get(i).name().equals(name)) {
        return i;
      }
    }
    return savepoints.size();
  }

  /** SQLite commits. Called from within. */
  void committed() {
    if (exact) {
      sink.cut();
      committed = sink.position();
    }
  }

  /** SQLite has rolled back. Called from within. */
  void rolledBack() {
    if (exact) {
      sink.back(committed);
      savepoints.clear();
    }
  }

  private static List<@Nullable Object> part(List<@Nullable Object> from, int start, int length) {
    List<@Nullable Object> copy = new ArrayList<>(from.subList(start, start + length));
    return Collections.unmodifiableList(copy);
  }

  private void changed() {
    CapturedTable table = tables.get(number(0));
    RowChange.Kind kind = RowChange.Kind.valueOf(String.valueOf(values.get(1)));
    long oldRowId = rowId(2);
    long newRowId = rowId(3);
    int columns = table.columns().size();
    List<@Nullable Object> before = kind == RowChange.Kind.INSERT ? null : part(values, 4, columns);
    List<@Nullable Object> after =
        kind == RowChange.Kind.DELETE
            ? null
            : part(values, kind == RowChange.Kind.INSERT ? 4 : 4 + columns, columns);
    for (Iterator<Victim> noted = victims.iterator(); noted.hasNext(); ) {
      Victim victim = noted.next();
      if (victim.table().id() != table.id()) {
        continue;
      }
      if (before != null && table.sameRow(victim.rowId(), victim.image(), oldRowId, before)) {
        noted.remove(); // it went by itself, or is another now
      } else if (after != null) {
        noted.remove();
        if (victim.unique() || victim.rowId() == newRowId) {
          add(
              new RowChange(
                  RowChange.Kind.DELETE,
                  table.name(),
                  table.columns(),
                  victim.rowId(),
                  0,
                  victim.image(),
                  null));
        }
      }
    }
    add(new RowChange(kind, table.name(), table.columns(), oldRowId, newRowId, before, after));
  }

  private void add(RowChange change) {
    SqlEntry running = entry;
    if (running != null) {
      sink.add(running, change);
    }
  }

  private long rowId(int place) {
    return values.get(place) instanceof Long number ? number : 0;
  }

  private int number(int place) {
    return values.get(place) instanceof Long number ? number.intValue() : 0;
  }

  /** Collects the arguments of calls that belong together. */
  private abstract class InParts extends Function {

    @Override
    protected final void xFunc() throws SQLException {
      boolean more = value_long(0) > 0;
      if (skipping || (values.isEmpty() && !wanted.get((int) value_long(1)))) {
        skipping = more;
        return;
      }
      for (int i = 1; i < args(); i++) {
        values.add(
            switch (value_type(i)) {
              case 1 -> (Object) value_long(i);
              case 2 -> value_double(i);
              case 3 -> value_text(i);
              case 4 -> blob(i);
              default -> null;
            });
      }
      if (!more) {
        complete();
        values.clear();
      }
    }

    private byte[] blob(int i) throws SQLException {
      byte[] bytes = value_blob(i);
      return bytes == null ? new byte[0] : bytes;
    }

    abstract void complete();
  }

  private final class Change extends InParts {
    @Override
    void complete() {
      changed();
    }
  }

  private final class VictimSeen extends InParts {
    @Override
    void complete() {
      CapturedTable table = tables.get(number(0));
      victims.add(
          new Victim(table, number(1) != 0, rowId(2), part(values, 3, table.columns().size())));
    }
  }

  private final class Begin extends Function {
    @Override
    protected void xFunc() throws SQLException {
      CapturedTable table = tables.get((int) value_long(0));
      victims.removeIf(victim -> victim.table().id() == table.id());
    }
  }

  private final class Replacing extends Function {
    @Override
    protected void xFunc() throws SQLException {
      result(replacing ? 1 : 0);
    }
  }
}
