package io.liferaft.sqlite;

/** How the statements of one log entry are run and answered. */
public enum SqlForm {
  /** rqlite's {@code /db/execute}: rows only for RETURNING, write results otherwise. */
  EXECUTE,
  /** rqlite's {@code /db/request}: rows for whatever reads or returns. */
  REQUEST,
  /**
   * One text of many statements ({@code /db/load} with SQL): no implied transaction, stops at the
   * first error, an open transaction is then rolled back; one result, the last one's or the error.
   * What a PRAGMA in it sets holds until its end.
   */
  TEXT
}
