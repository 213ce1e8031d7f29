package io.liferaft.sqlite;

import org.jspecify.annotations.Nullable;

/**
 * Finds where a statement ends, by the state machine of {@code sqlite3_complete}: a semicolon ends
 * it, except inside a trigger's body. Fed with one token at a time.
 */
final class StatementSplitter {

  private static final int SEMICOLON = 0;
  private static final int OTHER = 1;
  private static final int EXPLAIN = 2;
  private static final int CREATE = 3;
  private static final int TEMP = 4;
  private static final int TRIGGER = 5;
  private static final int END = 6;

  private static final int START = 1;

  private static final byte[][] NEXT = {
    {1, 2, 3, 4, 2, 2, 2}, // 0 nothing yet
    {1, 2, 3, 4, 2, 2, 2}, // 1 at the start of a statement
    {1, 2, 2, 2, 2, 2, 2}, // 2 in an ordinary statement
    {1, 3, 2, 4, 2, 2, 2}, // 3 behind EXPLAIN
    {1, 2, 2, 2, 4, 5, 2}, // 4 behind CREATE
    {6, 5, 5, 5, 5, 5, 5}, // 5 in a trigger
    {6, 5, 5, 5, 5, 5, 7}, // 6 behind a semicolon in a trigger
    {1, 5, 5, 5, 5, 5, 5}, // 7 behind the END that may end a trigger
  };

  private int state = START;

  /** Takes the tokenizer's current token; true when it is the semicolon that ends a statement. */
  boolean ends(SqlTokenizer token) {
    state = NEXT[state][classOf(token)];
    return state == START;
  }

  void reset() {
    state = START;
  }

  private static int classOf(SqlTokenizer token) {
    if (token.kind() == SqlTokenizer.Kind.SEMICOLON) {
      return SEMICOLON;
    }
    if (token.kind() != SqlTokenizer.Kind.WORD) {
      return OTHER;
    }
    return switch (token.end() - token.start()) {
      case 3 -> token.matches("end") ? END : OTHER;
      case 4 -> token.matches("temp") ? TEMP : OTHER;
      case 6 -> token.matches("create") ? CREATE : OTHER;
      case 7 -> token.matches("explain") ? EXPLAIN : token.matches("trigger") ? TRIGGER : OTHER;
      case 9 -> token.matches("temporary") ? TEMP : OTHER;
      default -> OTHER;
    };
  }

  /** One statement of a text: where it lies, and whether it is only white space and comments. */
  record Piece(int start, int end, boolean blank) {}

  /**
   * The next statement of a text.
   *
   * @param from where the last one ended
   * @return null when nothing but white space is left; the piece ends behind its semicolon
   */
  static @Nullable Piece next(CharSequence text, int from) {
    SqlTokenizer tokens = new SqlTokenizer(text, from, text.length());
    StatementSplitter splitter = new StatementSplitter();
    boolean blank = true;
    while (true) {
      switch (tokens.next()) {
        case END -> {
          return blank && !tokens.sawComment() ? null : new Piece(from, text.length(), blank);
        }
        case SEMICOLON -> {
          if (splitter.ends(tokens)) {
            return new Piece(from, tokens.end(), blank);
          }
        }
        default -> {
          splitter.ends(tokens);
          blank = false;
        }
      }
    }
  }
}
