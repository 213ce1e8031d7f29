package io.liferaft.sqlite;

import org.jspecify.annotations.Nullable;

/** Trouble with the database files of this node. Never the outcome of a client's statement. */
public class SqliteException extends RuntimeException {

  public SqliteException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  public SqliteException(String message) {
    super(message);
  }

  /**
   * A fault of this node while it applied entries: disk full, I/O error, no memory. Nothing of the
   * group stays applied when {@code clean}; else only opening the store again brings it back to its
   * record.
   */
  public static final class NodeFault extends SqliteException {
    private final boolean clean;
    private final boolean corrupt;

    public NodeFault(String message, boolean clean, boolean corrupt, @Nullable Throwable cause) {
      super(message, cause);
      this.clean = clean;
      this.corrupt = corrupt;
    }

    public boolean clean() {
      return clean;
    }

    public boolean corrupt() {
      return corrupt;
    }
  }

  /** The folder is in use by another process. */
  public static final class FolderInUse extends SqliteException {
    public FolderInUse(String message) {
      super(message);
    }
  }

  /** A file offered as a database is not one, or is damaged: the message is what is wrong. */
  public static final class InvalidDatabase extends SqliteException {
    public InvalidDatabase(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** A text offered as SQL is not UTF-8; the message says where, and what to do. */
  public static final class InvalidText extends SqliteException {
    InvalidText(String message) {
      super(message);
    }
  }

  /** A statement of a text is longer than it may be. */
  public static final class StatementTooLong extends SqliteException {
    private final long number;
    private final long offset;

    /**
     * @param number of the statement in its text, from 1
     * @param offset byte at which it begins, from 0
     * @param longest bytes it may have
     */
    public StatementTooLong(long number, long offset, long longest) {
      super(
          "statement %d, which begins at byte %d, is longer than %d bytes"
              .formatted(number, offset, longest));
      this.number = number;
      this.offset = offset;
    }

    public long number() {
      return number;
    }

    public long offset() {
      return offset;
    }
  }

  /** The rows of all answers under way leave no room for more of them; nothing was done. */
  public static final class TooManyAnswers extends SqliteException {
    TooManyAnswers() {
      super("large answers to others leave no memory for this one: try again, or ask for less");
    }
  }

  /** A copy was given up because the WAL could not wait any longer: start over. */
  public static final class CopyRevoked extends SqliteException {
    public CopyRevoked(String message) {
      super(message);
    }
  }
}
