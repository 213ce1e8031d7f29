package io.liferaft.sqlite;

import java.util.Locale;

/**
 * Walks over the tokens of a SQL text as SQLite's own tokenizer sees them; white space and comments
 * are skipped. Never fails: what SQLite would not recognise comes back as {@link Kind#ILLEGAL}.
 */
final class SqlTokenizer {

  enum Kind {
    WORD,
    QUOTED,
    STRING,
    NUMBER,
    VARIABLE,
    SEMICOLON,
    PUNCTUATION,
    ILLEGAL,
    END
  }

  private static final int LONGEST_KEYWORD = 32;

  private final CharSequence text;
  private final int limit;
  private int position;
  private int start;
  private Kind kind = Kind.END;
  private boolean comment;

  SqlTokenizer(CharSequence text, int from, int to) {
    this.text = text;
    this.position = from;
    this.limit = to;
  }

  SqlTokenizer(CharSequence text) {
    this(text, 0, text.length());
  }

  Kind kind() {
    return kind;
  }

  int start() {
    return start;
  }

  int end() {
    return position;
  }

  /** Whether a comment was skipped since the tokenizer was made. */
  boolean sawComment() {
    return comment;
  }

  /** Moves to the next token; {@link Kind#END} behind the last one. */
  Kind next() {
    skipBlank();
    start = position;
    kind = position >= limit ? Kind.END : scan(text.charAt(position));
    return kind;
  }

  /** Whether the token is this bare word, whatever its case. */
  boolean isWord(String word) {
    return kind == Kind.WORD && matches(word);
  }

  boolean is(char punctuation) {
    return kind == Kind.PUNCTUATION && position - start == 1 && text.charAt(start) == punctuation;
  }

  /** The token's first character, lower-cased. */
  char firstLetter() {
    return lower(text.charAt(start));
  }

  /** Whether the token's text is this, whatever its case. */
  boolean matches(String word) {
    int length = word.length();
    if (position - start != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (lower(text.charAt(start + i)) != lower(word.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  String raw() {
    return text.subSequence(start, position).toString();
  }

  /** The word in lower case; empty when it is longer than any that SQLite knows. */
  String keyword() {
    return position - start > LONGEST_KEYWORD ? "" : name();
  }

  /** The identifier or string that the token stands for: unquoted, lower-cased. */
  String name() {
    String raw = raw();
    if (kind == Kind.WORD) {
      return raw.toLowerCase(Locale.ROOT);
    }
    if (kind != Kind.QUOTED && kind != Kind.STRING) {
      return raw;
    }
    char open = raw.charAt(0);
    char close = open == '[' ? ']' : open;
    int end = raw.length() > 1 && raw.charAt(raw.length() - 1) == close ? 1 : 0;
    String inner = raw.substring(1, raw.length() - end);
    if (open != '[') {
      inner = inner.replace("" + open + open, "" + open);
    }
    return inner.toLowerCase(Locale.ROOT);
  }

  private void skipBlank() {
    while (position < limit) {
      char c = text.charAt(position);
      if (isBlank(c) || c == '\uFEFF') {
        position++;
      } else if (c == '-' && at(position + 1) == '-') {
        comment = true;
        while (position < limit && text.charAt(position) != '\n') {
          position++;
        }
      } else if (c == '/' && at(position + 1) == '*') {
        comment = true;
        position += 2;
        while (position < limit && !(text.charAt(position) == '*' && at(position + 1) == '/')) {
          position++;
        }
        position = Math.min(limit, position + 2);
      } else {
        return;
      }
    }
  }

  private Kind scan(char c) {
    return switch (c) {
      case ';' -> take(1, Kind.SEMICOLON);
      case '\'' -> quoted('\'', Kind.STRING);
      case '"' -> quoted('"', Kind.QUOTED);
      case '`' -> quoted('`', Kind.QUOTED);
      case '[' -> bracket();
      case '?' -> {
        position++;
        while (isDigit(at(position))) {
          position++;
        }
        yield Kind.VARIABLE;
      }
      case '$', '@', '#', ':' -> variable();
      case 'x', 'X' -> {
        if (at(position + 1) == '\'') {
          position++;
          quoted('\'', Kind.STRING);
          yield Kind.NUMBER;
        }
        yield word();
      }
      case '.' -> isDigit(at(position + 1)) ? number() : take(1, Kind.PUNCTUATION);
      case 0 -> take(1, Kind.ILLEGAL);
      default -> {
        if (isDigit(c)) {
          yield number();
        }
        yield isIdentifier(c) ? word() : take(1, Kind.PUNCTUATION);
      }
    };
  }

  private Kind take(int characters, Kind result) {
    position += characters;
    return result;
  }

  private Kind word() {
    while (position < limit && isIdentifier(text.charAt(position))) {
      position++;
    }
    return Kind.WORD;
  }

  private Kind number() {
    char before = 0;
    while (position < limit) {
      char c = text.charAt(position);
      boolean sign = (c == '+' || c == '-') && (before == 'e' || before == 'E');
      if (!sign && c != '.' && !isIdentifier(c)) {
        break;
      }
      before = c;
      position++;
    }
    return Kind.NUMBER;
  }

  private Kind quoted(char quote, Kind result) {
    position++;
    while (position < limit) {
      if (text.charAt(position) == quote) {
        if (at(position + 1) != quote) {
          position++;
          return result;
        }
        position++;
      }
      position++;
    }
    return Kind.ILLEGAL;
  }

  private Kind bracket() {
    while (position < limit) {
      if (text.charAt(position++) == ']') {
        return Kind.QUOTED;
      }
    }
    return Kind.ILLEGAL;
  }

  /** {@code :a}, {@code @a}, {@code $a}, and Tcl's {@code $a::b(c)}, which may hide a semicolon. */
  private Kind variable() {
    int from = position++;
    while (position < limit) {
      char c = text.charAt(position);
      if (isIdentifier(c)) {
        position++;
      } else if (c == '(' && position > from + 1) {
        int close = position + 1;
        while (close < limit && text.charAt(close) != ')' && text.charAt(close) > ' ') {
          close++;
        }
        if (at(close) != ')') {
          position = close;
          return Kind.ILLEGAL;
        }
        position = close + 1;
        return Kind.VARIABLE;
      } else if (c == ':' && at(position + 1) == ':') {
        position += 2;
      } else {
        break;
      }
    }
    return position - from > 1 ? Kind.VARIABLE : Kind.ILLEGAL;
  }

  private char at(int index) {
    return index < limit ? text.charAt(index) : '\uFFFF';
  }

  /** White space of ASCII, as SQLite sees it. */
  static boolean isBlank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\u000B');
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isIdentifier(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '_'
        || c == '$'
        || (c >= 0x80 && c != '\uFEFF' && c != '\uFFFF');
  }

  private static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
  }
}
