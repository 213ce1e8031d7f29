package io.liferaft.api;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** What values of a JSON body stand for in SQL. */
final class Literals {

  private Literals() {}

  /** The byte a number literal stands for; -1 when it is none. */
  static int byteValue(String literal) {
    if (literal.length() > 4) {
      return -1;
    }
    try {
      int value = Integer.parseInt(literal);
      return value <= 255 ? value : -1;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** A BLOB when the text is written as one, {@code x'...'}; else the text. */
  static Object textOrBlob(String text) {
    String trimmed = text.length() < 3 ? text : text.strip();
    int length = trimmed.length();
    if (length < 3
        || (trimmed.charAt(0) | 0x20) != 'x'
        || trimmed.charAt(1) != '\''
        || trimmed.charAt(length - 1) != '\'') {
      return text;
    }
    try {
      return HexFormat.of().parseHex(trimmed, 2, length - 1);
    } catch (IllegalArgumentException e) {
      return text;
    }
  }

  /** A lone surrogate cannot be UTF-8: it becomes U+FFFD, as in Go. */
  static String wellFormed(@Nullable String text) {
    if (text == null) {
      return "";
    }
    StringBuilder repaired = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1))) {
          i++;
        } else {
          repaired = repaired == null ? new StringBuilder(text) : repaired;
          repaired.setCharAt(i, '\ufffd');
        }
      }
    }
    return repaired == null ? text : repaired.toString();
  }
}
