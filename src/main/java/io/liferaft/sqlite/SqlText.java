package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A client's string of SQL, split and judged. Immutable; parameters are not part of it. */
record SqlText(List<SqlPiece> pieces) {

  private static final Pattern TRANSACTION_WORD =
      Pattern.compile("begin|commit|end|rollback|savepoint|release", Pattern.CASE_INSENSITIVE);

  private static final Pattern SYNTAX =
      Pattern.compile("syntax error$|^incomplete input$|^unrecognized token");

  static SqlText parse(String sql) {
    List<SqlPiece> pieces = new ArrayList<>(1);
    int from = 0;
    StatementSplitter.Piece next;
    while ((next = StatementSplitter.next(sql, from)) != null) {
      String text =
          next.end() - next.start() == sql.length() ? sql : sql.substring(next.start(), next.end());
      pieces.add(SqlPiece.of(text, next.blank()));
      from = next.end();
    }
    return new SqlText(List.copyOf(pieces));
  }

  /** Why the text may not run as a write; null when it may. */
  @Nullable String refusal() {
    for (SqlPiece piece : pieces) {
      if (piece.refusal() != null) {
        return piece.refusal();
      }
    }
    return null;
  }

  boolean groupable() {
    for (SqlPiece piece : pieces) {
      if (!piece.groupable()) {
        return false;
      }
    }
    return true;
  }

  boolean single() {
    return pieces.size() <= 1;
  }

  /** Whether any statement is a PRAGMA that no client may run, on whatever path. */
  static boolean disallowedPragma(String sql) {
    if (!mentions(sql, "pragma")) {
      return false;
    }
    for (SqlPiece piece : parse(sql).pieces()) {
      PragmaForm pragma = piece.pragma();
      if (pragma != null && pragma.disallowed()) {
        return true;
      }
    }
    return false;
  }

  /** Whether any statement is BEGIN, COMMIT, SAVEPOINT or the like. */
  static boolean controlsTransaction(String sql) {
    return TRANSACTION_WORD.matcher(sql).find()
        && parse(sql).pieces().stream()
            .anyMatch(piece -> piece.kind() == StatementKind.TRANSACTION);
  }

  /** Whether it does nothing but insert, update and delete, and returns no row of that. */
  static boolean answersWithoutRows(String sql) {
    return !mentions(sql, "returning")
        && parse(sql).pieces().stream()
            .allMatch(piece ->
                switch (piece.kind()) {
                  case INSERT, UPDATE, DELETE, BLANK -> true;
                  default -> false;
                });
  }

  /**
   * What SQLite's parser says; a PRAGMA is not asked about, since some act when they are parsed.
   */
  static @Nullable String syntaxError(String sql) {
    if (sql.indexOf('\0') >= 0) {
      return StatementRules.NUL;
    }
    try (NativeConnection none = NativeConnection.memory()) {
      for (SqlPiece piece : parse(sql).pieces()) {
        String error =
            piece.kind() == StatementKind.BLANK || piece.pragma() != null
                ? null
                : syntaxError(none, piece.sql());
        if (error != null) {
          return error;
        }
      }
      return null;
    } catch (SQLException e) {
      throw new SqliteException("no database in memory: " + SqliteErrors.message(e), e);
    }
  }

  private static @Nullable String syntaxError(NativeConnection connection, String statement)
      throws SQLException {
    try (PreparedSql _ = connection.prepare(statement)) {
      return null;
    } catch (SQLException e) {
      String message = SqliteErrors.message(e);
      boolean syntax =
          message.equals(SqliteErrors.TOO_LONG_TO_SHOW) || SYNTAX.matcher(message).find();
      return syntax ? message : null;
    }
  }

  /** Cheap for the many texts that hold no such word. */
  private static boolean mentions(String sql, String word) {
    char first = word.charAt(0);
    int last = sql.length() - word.length();
    for (int i = 0; i <= last; i++) {
      if ((sql.charAt(i) | 0x20) == first && sql.regionMatches(true, i, word, 0, word.length())) {
        return true;
      }
    }
    return false;
  }
}
