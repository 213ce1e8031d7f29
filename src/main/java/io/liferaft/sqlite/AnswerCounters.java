package io.liferaft.sqlite;

/**
 * The last row id and change count as rqlite answers them: repeated by statements that change
 * nothing, 0 when the database is opened. They belong to answers only; SQL never sees them.
 */
final class AnswerCounters {

  private long lastInsertId;
  private long rowsAffected;

  SqlResult.Write write(long nanos) {
    return new SqlResult.Write(lastInsertId, rowsAffected, nanos);
  }

  void changed(long rows) {
    rowsAffected = rows;
  }

  void inserted(long rowId) {
    lastInsertId = rowId;
  }

  void copyFrom(AnswerCounters other) {
    lastInsertId = other.lastInsertId;
    rowsAffected = other.rowsAffected;
  }
}
