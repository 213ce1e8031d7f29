package io.liferaft.sqlite;

import java.io.IOException;

/**
 * Takes what writes change, row by row and in order; {@link SqliteStore#captureChanges}. It is a
 * log with an open end: what is added counts when it is published, and may be taken back until
 * then. Called on the apply thread, also from within SQLite: only {@link #flush} and {@link
 * #publish} may fail.
 */
public interface ChangeSink {

  /** Takes nothing. */
  ChangeSink NONE =
      new ChangeSink() {
        @Override
        public boolean wants(String table) {
          return false;
        }

        @Override
        public long position() {
          return 0;
        }

        @Override
        public void add(SqlEntry entry, RowChange change) {}

        @Override
        public void back(long position) {}

        @Override
        public void cut() {}

        @Override
        public void flush() {}

        @Override
        public void publish() {}
      };

  /** Whether changes of this table are to be added; always the same answer. */
  boolean wants(String table);

  /** Where the next change goes. */
  long position();

  /** Adds a change of an entry that runs. */
  void add(SqlEntry entry, RowChange change);

  /** Takes back everything behind a position; nothing when there is nothing. */
  void back(long position);

  /** What is added from now on belongs to another commit. */
  void cut();

  /**
   * Makes sure that what was added can be published.
   *
   * @throws IOException when it cannot: nothing has been committed yet
   */
  void flush() throws IOException;

  /** What was added has been committed, and is not taken back any more. */
  void publish() throws IOException;
}
