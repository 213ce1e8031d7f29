package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Applies entries to one database file: many in one SQLite transaction where that cannot be seen,
 * else each by itself on a connection of its own. For the apply thread.
 */
final class EntryApplier implements AutoCloseable {

  /** Whose judged form is kept. */
  private static final int TEXTS = 2048;

  /** The group must be rolled back and its entries run one by one. */
  private static final class GroupBroken extends Exception {
    private static final long serialVersionUID = 1L;

    GroupBroken() {
      super("group broken", null, false, false);
    }
  }

  private final Path file;
  private final @Nullable StatementTimer timer;
  private final BuiltInFunctions builtIn = new BuiltInFunctions();
  private final SqlTexts texts = new SqlTexts(TEXTS);
  private final AnswerCounters counters = new AnswerCounters();
  private final AnswerCounters countersBefore = new AnswerCounters();
  private final AnswerCounters countersAtFault = new AnswerCounters();
  private @Nullable WriteConnection warm;
  private @Nullable ChangeSink changes;
  private volatile boolean foreignKeys;
  private boolean factsKnown;
  private boolean deferredForeignKey;
  private boolean committed;

  EntryApplier(Path file, boolean foreignKeys, @Nullable StatementTimer timer) {
    this.file = file;
    this.foreignKeys = foreignKeys;
    this.timer = timer;
  }

  boolean foreignKeys() {
    return foreignKeys;
  }

  /** From the next entry on. */
  void enforceForeignKeys(boolean enforce) throws SQLException {
    if (enforce != foreignKeys) {
      closeWarm();
      foreignKeys = enforce;
    }
  }

  /** From the next entry on; null for nobody. */
  void captureChanges(@Nullable ChangeSink sink) throws SQLException {
    closeWarm();
    changes = sink;
  }

  List<EntryOutcome> apply(List<SqlEntry> group) {
    ChangeSink sink = changes;
    long start = sink == null ? 0 : sink.position();
    boolean published = false;
    try {
      List<EntryOutcome> outcomes = applyAll(group);
      if (sink != null) {
        sink.publish();
      }
      published = true;
      return outcomes;
    } catch (IOException e) {
      giveUp();
      throw new SqliteException.NodeFault(
          "the changes of an entry could not be queued: " + e.getMessage(), !committed, false, e);
    } finally {
      if (sink != null && !published) {
        sink.back(start);
      }
    }
  }

  private List<EntryOutcome> applyAll(List<SqlEntry> group) throws IOException {
    List<EntryOutcome> outcomes = new ArrayList<>(group.size());
    committed = false;
    countersAtFault.copyFrom(counters);
    try {
      int from = 0;
      while (from < group.size()) {
        int to = endOfRun(group, from);
        if (to == from) {
          outcomes.add(alone(group.get(from)));
          to = from + 1;
        } else if (!together(group, from, to, outcomes)) {
          oneByOne(group, from, to, outcomes);
        }
        committed = true;
        from = to;
      }
      return outcomes;
    } catch (SQLException e) {
      giveUp();
      throw new SqliteException.NodeFault(
          "this node could not apply an entry: " + SqliteErrors.message(e),
          !committed,
          SqliteErrors.isCorrupt(e),
          e);
    } catch (RuntimeException e) {
      giveUp();
      throw new SqliteException.NodeFault(
          "this node could not apply an entry: " + e, !committed, false, e);
    }
  }

  private void oneByOne(List<SqlEntry> group, int from, int to, List<EntryOutcome> outcomes)
      throws SQLException, IOException {
    for (int i = from; i < to; i++) {
      if (to - from == 1 || !together(group, i, i + 1, outcomes)) {
        outcomes.add(alone(group.get(i)));
      }
      committed = true;
    }
  }

  /** Where the entries that may share a transaction end; {@code from} when the first may not. */
  private int endOfRun(List<SqlEntry> group, int from) throws SQLException {
    if (foreignKeys && deferredForeignKey()) {
      return from + (standsForItself(group.get(from)) ? 1 : 0);
    }
    int to = from;
    while (to < group.size() && groupable(group.get(to))) {
      to++;
    }
    return to;
  }

  private boolean groupable(SqlEntry entry) {
    if (entry.form() == SqlForm.TEXT) {
      return false;
    }
    for (SqlStatement statement : entry.statements()) {
      if (!texts.of(statement.sql()).groupable()) {
        return false;
      }
    }
    return true;
  }

  /** Whether one COMMIT behind the entry is what the entry alone would get, too. */
  private boolean standsForItself(SqlEntry entry) {
    if (!groupable(entry)) {
      return false;
    }
    int statements = 0;
    for (SqlStatement statement : entry.statements()) {
      statements += texts.of(statement.sql()).single() ? 1 : 2;
    }
    return entry.transaction() || statements <= 1;
  }

  private boolean deferredForeignKey() throws SQLException {
    if (!factsKnown) {
      deferredForeignKey = SchemaFacts.deferredForeignKey(warm().connection());
      factsKnown = true;
    }
    return deferredForeignKey;
  }

  /** Runs entries in one transaction; false when that would show, with everything rolled back. */
  private boolean together(List<SqlEntry> group, int from, int to, List<EntryOutcome> outcomes)
      throws SQLException, IOException {
    WriteConnection write = warm();
    countersBefore.copyFrom(counters);
    int size = outcomes.size();
    ChangeCapture capture = write.capture();
    long captured = capture == null ? 0 : capture.position();
    try {
      write.begin();
      for (int i = from; i < to; i++) {
        outcomes.add(member(write, group.get(i)));
      }
      if (changes != null) {
        changes.flush();
      }
      commit(write);
      return true;
    } catch (GroupBroken _) {
      write.rollback();
      if (capture != null) {
        capture.back(captured);
      }
      counters.copyFrom(countersBefore);
      outcomes.subList(size, outcomes.size()).clear();
      return false;
    }
  }

  private void commit(WriteConnection write) throws SQLException, GroupBroken {
    try {
      write.commit();
    } catch (SQLException e) {
      if (SqliteErrors.isOutcome(e)) {
        throw new GroupBroken();
      }
      throw e;
    }
  }

  private EntryOutcome member(WriteConnection write, SqlEntry entry)
      throws SQLException, GroupBroken {
    write.startEntry(entry);
    StatementRunner runner = new StatementRunner(write, texts, counters, entry, timer);
    List<SqlResult> results = new ArrayList<>();
    ChangeCapture capture = write.capture();
    long captured = capture == null ? 0 : capture.position();
    if (entry.transaction()) {
      write.savepoint();
    }
    for (SqlStatement statement : entry.statements()) {
      if (statement.sql().isEmpty()) {
        continue;
      }
      if (!entry.transaction()) {
        write.savepoint();
      }
      SqlResult result = runner.run(statement);
      if (write.rolledBack() || write.budget().fired()) {
        throw new GroupBroken();
      }
      results.add(result);
      if (!entry.transaction()) {
        release(write);
      } else if (stops(result, runner, entry)) {
        write.rollbackToSavepoint();
        if (capture != null) {
          capture.back(captured);
        }
        return new EntryOutcome(results, null, false);
      }
    }
    if (entry.transaction()) {
      release(write);
    }
    return new EntryOutcome(results, null, runner.changed());
  }

  private static void release(WriteConnection write) throws SQLException, GroupBroken {
    try {
      write.release();
    } catch (SQLException e) {
      if (SqliteErrors.isOutcome(e)) {
        throw new GroupBroken(); // the savepoint is gone, so the transaction was
      }
      throw e;
    }
  }

  private static boolean stops(SqlResult result, StatementRunner runner, SqlEntry entry) {
    return result instanceof SqlResult.Failed
        && !(entry.form() == SqlForm.REQUEST && runner.failedToPrepare());
  }

  /** Runs an entry as SQLite would run it for a client of its own, with exact step counts. */
  private EntryOutcome alone(SqlEntry entry) throws SQLException {
    closeWarm();
    factsKnown = false;
    try (WriteConnection write = WriteConnection.open(file, builtIn, true, foreignKeys, changes)) {
      AloneRun run =
          new AloneRun(
              write,
              new StatementRunner(write, texts, counters, entry, timer),
              entry,
              () -> committed = true);
      EntryOutcome outcome = run.run();
      // A dump switches foreign keys off for itself; that is not meant for what comes after it.
      if (run.sawPragma() && entry.form() != SqlForm.TEXT) {
        foreignKeys = write.connection().number("PRAGMA foreign_keys") != 0;
      }
      return outcome;
    }
  }

  private WriteConnection warm() throws SQLException {
    WriteConnection open = warm;
    if (open == null) {
      open = WriteConnection.open(file, builtIn, false, foreignKeys, changes);
      warm = open;
    }
    return open;
  }

  private void closeWarm() throws SQLException {
    WriteConnection open = warm;
    warm = null;
    if (open != null) {
      open.close();
    }
  }

  /** The group will come again; an open transaction ends with its connection. */
  private void giveUp() {
    counters.copyFrom(countersAtFault);
    closeQuietly();
  }

  private void closeQuietly() {
    try {
      closeWarm();
    } catch (SQLException _) {
      // it failed already; closing only gives its memory back
    }
  }

  @Override
  public void close() throws SQLException {
    closeQuietly();
    builtIn.close();
  }
}
