package io.liferaft.sqlite;

import java.sql.SQLException;
import org.sqlite.ProgressHandler;

/**
 * Ends a statement after so many steps of SQLite's virtual machine.
 *
 * <p>On a connection that has run other statements the count may be off by what a reused statement
 * carries over. There a statement is only <em>suspected</em>, at half its budget; whether it really
 * takes too many steps is decided on a fresh connection, where the count is the same on every node.
 */
final class StepBudget extends ProgressHandler {

  private static final long LONGEST_PERIOD = 1000;
  private static final long PERIODS = 32;

  private final NativeConnection connection;
  private final boolean exact;
  private long period;
  private long limit;
  private long calls;
  private boolean armed;
  private boolean fired;

  StepBudget(NativeConnection connection, boolean exact) {
    this.connection = connection;
    this.exact = exact;
  }

  /** The budget of the statements to come. */
  void set(long steps) throws SQLException {
    long wanted = Math.clamp(steps / PERIODS, 1, LONGEST_PERIOD);
    limit = Math.max(1, (exact ? steps : steps / 2) / wanted);
    if (!exact && wanted != period) {
      ProgressHandler.setHandler(connection.jdbc(), (int) wanted, this);
    }
    period = wanted;
  }

  /** To be called with the statement prepared: preparing must not count. */
  void arm() throws SQLException {
    calls = 0;
    fired = false;
    armed = true;
    if (exact) {
      ProgressHandler.setHandler(connection.jdbc(), (int) period, this);
    }
  }

  void disarm() throws SQLException {
    armed = false;
    if (exact) {
      ProgressHandler.clearHandler(connection.jdbc());
    }
  }

  /** Whether the last statement was ended by this budget. */
  boolean fired() {
    return fired;
  }

  @Override
  protected int progress() {
    if (armed && ++calls >= limit) {
      fired = true;
      return 1;
    }
    return 0;
  }
}
