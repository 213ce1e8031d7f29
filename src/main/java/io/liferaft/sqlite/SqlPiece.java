package io.liferaft.sqlite;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One statement of a text and what its tokens tell about it. Made once per text and shared, so
 * everything that a run needs to know is worked out here.
 *
 * @param pragma the form of a PRAGMA, also behind EXPLAIN; else null
 * @param refusal why it may not run as a write; null when it may
 * @param groupable whether it can run inside a savepoint of a shared transaction
 * @param variables names by index (from 0) of the placeholders; null for those without one
 */
record SqlPiece(
    String sql,
    StatementKind kind,
    @Nullable PragmaForm pragma,
    @Nullable String refusal,
    boolean groupable,
    List<@Nullable String> variables) {

  static SqlPiece of(String sql, boolean blank) {
    if (blank) {
      return new SqlPiece(sql, StatementKind.BLANK, null, null, true, List.of());
    }
    SqlTokenizer tokens = new SqlTokenizer(sql);
    tokens.next();
    boolean explain = false;
    if (tokens.isWord("explain")) {
      explain = true;
      tokens.next();
      if (tokens.isWord("query")) {
        tokens.next();
        tokens.next();
      }
    }
    StatementKind kind = kindOf(tokens);
    PragmaForm pragma = kind == StatementKind.PRAGMA ? PragmaForm.parse(tokens) : null;
    StatementRules rules = new StatementRules(kind, explain);
    List<@Nullable String> variables = scan(sql, rules);
    String refusal = rules.refusal();
    if (refusal == null && pragma != null) {
      refusal =
          explain && !pragma.informs() ? "EXPLAIN of a PRAGMA is not supported" : pragma.refusal();
    }
    StatementKind shown = explain ? StatementKind.EXPLAIN : kind;
    boolean groupable =
        refusal != null || (shown.groupable() && pragma == null && !rules.touchesStatistics());
    return new SqlPiece(sql, shown, pragma, refusal, groupable, variables);
  }

  int placeholders() {
    return variables.size();
  }

  private static StatementKind kindOf(SqlTokenizer tokens) {
    if (tokens.kind() != SqlTokenizer.Kind.WORD) {
      return StatementKind.OTHER;
    }
    return switch (tokens.keyword()) {
      case "select", "values" -> StatementKind.SELECT;
      case "insert", "replace" -> StatementKind.INSERT;
      case "update" -> StatementKind.UPDATE;
      case "delete" -> StatementKind.DELETE;
      case "pragma" -> StatementKind.PRAGMA;
      case "begin", "commit", "end", "rollback", "savepoint", "release" ->
          StatementKind.TRANSACTION;
      case "with" -> behindWith(tokens);
      default -> StatementKind.OTHER;
    };
  }

  /** The verb behind the common table expressions. */
  private static StatementKind behindWith(SqlTokenizer tokens) {
    int depth = 0;
    while (tokens.next() != SqlTokenizer.Kind.END) {
      if (tokens.is('(')) {
        depth++;
      } else if (tokens.is(')')) {
        depth--;
      } else if (depth == 0 && tokens.kind() == SqlTokenizer.Kind.WORD) {
        switch (tokens.keyword()) {
          case "select", "values" -> {
            return StatementKind.SELECT;
          }
          case "insert", "replace" -> {
            return StatementKind.INSERT;
          }
          case "update" -> {
            return StatementKind.UPDATE;
          }
          case "delete" -> {
            return StatementKind.DELETE;
          }
          default -> {
            // the name of a table expression, or AS, RECURSIVE, MATERIALIZED
          }
        }
      }
    }
    return StatementKind.OTHER;
  }

  /** Shows every token to the rules and numbers the placeholders as SQLite does. */
  private static List<@Nullable String> scan(String sql, StatementRules rules) {
    SqlTokenizer tokens = new SqlTokenizer(sql);
    List<@Nullable String> variables = new ArrayList<>(0);
    while (tokens.next() != SqlTokenizer.Kind.END) {
      rules.see(tokens);
      if (tokens.kind() == SqlTokenizer.Kind.VARIABLE) {
        String raw = tokens.raw();
        if (raw.equals("?")) {
          variables.add(null);
        } else if (raw.charAt(0) == '?') {
          numbered(raw, variables);
        } else if (!variables.contains(raw)) {
          variables.add(raw);
        }
      }
    }
    return variables;
  }

  private static void numbered(String raw, List<@Nullable String> variables) {
    int number = raw.length() > 7 ? 0 : Integer.parseInt(raw.substring(1));
    if (number > NativeConnection.MOST_VARIABLES) {
      return; // SQLite refuses it
    }
    while (variables.size() < number) {
      variables.add(null);
    }
  }
}
