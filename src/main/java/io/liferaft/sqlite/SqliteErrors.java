package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.Set;
import org.sqlite.SQLiteErrorCode;

/** Reads the driver's exceptions: SQLite's bare message, and whose fault it is. */
final class SqliteErrors {

  private static final int PRIMARY = 0xFF;

  /** Results that depend on the statement and the database only. */
  private static final Set<SQLiteErrorCode> OUTCOMES =
      Set.of(
          SQLiteErrorCode.SQLITE_ERROR,
          SQLiteErrorCode.SQLITE_CONSTRAINT,
          SQLiteErrorCode.SQLITE_MISMATCH,
          SQLiteErrorCode.SQLITE_TOOBIG,
          SQLiteErrorCode.SQLITE_RANGE,
          SQLiteErrorCode.SQLITE_AUTH);

  /**
   * Characters of a message: some repeat a token of the statement, or a value, of many megabytes.
   */
  static final int LONGEST = 10_000;

  static final String TOO_LONG_TO_SHOW =
      "SQL logic error: SQLite's text about it is too long to be shown";

  private static final int TAIL = 1_000;
  private static final String CUT = " ... (cut here) ... ";

  private SqliteErrors() {}

  /** SQLite's message without the driver's code and explanation, cut in the middle when long. */
  static String message(SQLException e) {
    return cut(bare(e));
  }

  static String cut(String text) {
    if (text.length() <= LONGEST) {
      return text;
    }
    int head = LONGEST - TAIL - CUT.length();
    int tail = text.length() - TAIL;
    return text.substring(0, head - (Character.isHighSurrogate(text.charAt(head - 1)) ? 1 : 0))
        + CUT
        + text.substring(tail + (Character.isLowSurrogate(text.charAt(tail)) ? 1 : 0));
  }

  private static String bare(SQLException e) {
    String full = String.valueOf(e.getMessage());
    if (!(e instanceof org.sqlite.SQLiteException sqlite)) {
      return full;
    }
    String decoration = sqlite.getResultCode() + " (";
    if (full.startsWith(decoration) && full.endsWith(")")) {
      return full.substring(decoration.length(), full.length() - 1);
    }
    int open = full.indexOf(" (");
    return full.startsWith("[") && open > 0 && full.endsWith(")")
        ? full.substring(open + 2, full.length() - 1)
        : full;
  }

  static SQLiteErrorCode code(SQLException e) {
    return e instanceof org.sqlite.SQLiteException sqlite
        ? sqlite.getResultCode()
        : SQLiteErrorCode.UNKNOWN_ERROR;
  }

  static boolean is(SQLException e, SQLiteErrorCode primary) {
    return e instanceof org.sqlite.SQLiteException && (code(e).code & PRIMARY) == primary.code;
  }

  /**
   * Whether every node gets this result. A virtual table that finds its own tables changed by the
   * client says so as CORRUPT_VTAB, which is no damage of the file.
   */
  static boolean isOutcome(SQLException e) {
    if (!(e instanceof org.sqlite.SQLiteException)) {
      return false;
    }
    SQLiteErrorCode code = code(e);
    if (code == SQLiteErrorCode.SQLITE_CORRUPT_VTAB) {
      return true;
    }
    for (SQLiteErrorCode outcome : OUTCOMES) {
      if ((code.code & PRIMARY) == outcome.code) {
        return true;
      }
    }
    return false;
  }

  static boolean isCorrupt(SQLException e) {
    return is(e, SQLiteErrorCode.SQLITE_CORRUPT) || is(e, SQLiteErrorCode.SQLITE_NOTADB);
  }
}
