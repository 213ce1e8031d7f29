package io.liferaft.sqlite;

/** Is told how long each statement took. Called on the apply thread and on readers: be quick. */
public interface StatementTimer {

  /**
   * Takes the time of one statement.
   *
   * @param write whether it ran on the write connection
   * @param nanos how long it took
   */
  void record(boolean write, long nanos);
}
