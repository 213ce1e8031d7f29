package io.liferaft.sqlite;

/** What a statement does, told from its keywords. */
enum StatementKind {
  /** SELECT, VALUES, and WITH before either. */
  SELECT,
  EXPLAIN,
  /** INSERT and REPLACE. */
  INSERT,
  UPDATE,
  DELETE,
  PRAGMA,
  /** BEGIN, COMMIT, END, ROLLBACK, SAVEPOINT, RELEASE. */
  TRANSACTION,
  /** CREATE, DROP, ALTER, and everything else. */
  OTHER,
  /** Nothing but white space and comments. */
  BLANK;

  /** Changes rows, so that SQLite's change counter speaks of it. */
  boolean changesRows() {
    return this == INSERT || this == UPDATE || this == DELETE;
  }

  /** Cannot change the database file. */
  boolean readsOnly() {
    return this == SELECT || this == EXPLAIN || this == TRANSACTION || this == BLANK;
  }

  /** Cannot reach outside the savepoint it runs in. */
  boolean groupable() {
    return this == SELECT || this == EXPLAIN || this == BLANK || changesRows();
  }
}
