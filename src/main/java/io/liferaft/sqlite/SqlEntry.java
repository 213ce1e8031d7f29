package io.liferaft.sqlite;

/**
 * The statements of one log entry and everything their outcome depends on besides the database.
 *
 * @param statements may be iterated more than once (a group is redone one by one) and yields the
 *     same statements each time; read on the apply thread
 * @param transaction all or nothing
 * @param clockMillis the entry's time, milliseconds since 1970-01-01 UTC, taken by the leader
 * @param seed of every random function, taken by the leader
 * @param stepBudget SQLite virtual machine steps that each statement may take, taken by the leader
 * @param answer whether somebody on this node waits for rows; when false they are counted and
 *     dropped
 * @param index where the entry is in its user's log; told to the {@link ChangeSink}, else of no
 *     meaning here
 */
public record SqlEntry(
    Iterable<SqlStatement> statements,
    boolean transaction,
    SqlForm form,
    long clockMillis,
    long seed,
    long stepBudget,
    boolean answer,
    long index) {

  /** An entry at no place in a log. */
  public SqlEntry(
      Iterable<SqlStatement> statements,
      boolean transaction,
      SqlForm form,
      long clockMillis,
      long seed,
      long stepBudget,
      boolean answer) {
    this(statements, transaction, form, clockMillis, seed, stepBudget, answer, 0);
  }
}
