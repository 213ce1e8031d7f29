package io.liferaft.api;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.BitSet;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON exactly as Go's encoding/json does, which clients of rqlite compare byte by byte:
 * HTML-safe escapes, floats without {@code .0} and with Go's exponents, one escape per invalid
 * UTF-8 byte, four spaces of indentation. Jackson's generator follows other rules in each of these,
 * so this one is written by hand; it also writes numbers and texts straight into the answer without
 * intermediate strings. For one thread.
 */
final class JsonWriter {

  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final boolean[] PLAIN = new boolean[0x80];
  private static final int BASE64_SLICE = 3 * 8192;

  static {
    for (int c = 0x20; c < 0x80; c++) {
      PLAIN[c] = "\"\\<>&".indexOf(c) < 0;
    }
  }

  private final AnswerBuffer out;
  private final boolean pretty;
  private final BitSet filled = new BitSet();
  private int depth;
  private boolean afterName;

  JsonWriter(AnswerBuffer out, boolean pretty) {
    this.out = out;
    this.pretty = pretty;
  }

  JsonWriter beginObject() throws IOException {
    return begin('{');
  }

  JsonWriter endObject() throws IOException {
    return end('}');
  }

  JsonWriter beginArray() throws IOException {
    return begin('[');
  }

  JsonWriter endArray() throws IOException {
    return end(']');
  }

  JsonWriter name(String name) throws IOException {
    separate();
    quoted(name);
    out.write(':');
    if (pretty) {
      out.write(' ');
    }
    afterName = true;
    return this;
  }

  void string(String text) throws IOException {
    separate();
    quoted(text);
  }

  /** A string of bytes that are meant to be UTF-8. */
  void utf8(byte[] bytes) throws IOException {
    separate();
    out.write('"');
    int i = 0;
    while (i < bytes.length) {
      int length = Utf8.sequenceLength(bytes, i);
      if (length == 1) {
        character(bytes[i]);
      } else if (length == 0) {
        out.ascii("\\ufffd");
        length = 1;
      } else if (length == 3 && isLineSeparator(bytes, i)) {
        out.ascii(bytes[i + 2] == (byte) 0xa8 ? "\\u2028" : "\\u2029");
      } else {
        out.write(bytes, i, length);
      }
      i += length;
    }
    out.write('"');
  }

  void base64(byte[] bytes) throws IOException {
    separate();
    out.write('"');
    for (int at = 0; at < bytes.length; at += BASE64_SLICE) {
      int length = Math.min(BASE64_SLICE, bytes.length - at);
      byte[] slice = length == bytes.length ? bytes : Arrays.copyOfRange(bytes, at, at + length);
      out.write(Base64.getEncoder().encode(slice));
    }
    out.write('"');
  }

  void number(long value) throws IOException {
    separate();
    out.decimal(value);
  }

  /** A finite number. */
  void number(double value) throws IOException {
    separate();
    out.ascii(GoFloat.format(value));
  }

  void bool(boolean value) throws IOException {
    separate();
    out.ascii(value ? "true" : "false");
  }

  void nullValue() throws IOException {
    separate();
    out.ascii("null");
  }

  /** A tree of maps, iterables, strings, numbers, booleans and nulls. */
  void value(@Nullable Object value) throws IOException {
    switch (value) {
      case null -> nullValue();
      case String text -> string(text);
      case Boolean flag -> bool(flag);
      case Double number -> number(number.doubleValue());
      case Number number -> number(number.longValue());
      case Map<?, ?> map -> {
        beginObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          name(String.valueOf(entry.getKey()));
          value(entry.getValue());
        }
        endObject();
      }
      case Iterable<?> list -> {
        beginArray();
        for (Object element : list) {
          value(element);
        }
        endArray();
      }
      default -> string(String.valueOf(value));
    }
  }

  private JsonWriter begin(char bracket) throws IOException {
    separate();
    out.write(bracket);
    depth++;
    filled.clear(depth);
    return this;
  }

  private JsonWriter end(char bracket) throws IOException {
    boolean empty = !filled.get(depth);
    depth--;
    if (pretty && !empty) {
      newLine();
    }
    out.write(bracket);
    return this;
  }

  private void separate() throws IOException {
    if (afterName) {
      afterName = false;
      return;
    }
    if (depth == 0) {
      return;
    }
    if (filled.get(depth)) {
      out.write(',');
    }
    filled.set(depth);
    if (pretty) {
      newLine();
    }
  }

  private void newLine() throws IOException {
    out.write('\n');
    for (int i = 0; i < depth; i++) {
      out.ascii("    ");
    }
  }

  private void quoted(String text) throws IOException {
    out.write('"');
    int length = text.length();
    for (int i = 0; i < length; i++) {
      int plain = i;
      while (plain < length && isPlain(text.charAt(plain))) {
        plain++;
      }
      out.ascii(text, i, plain);
      if (plain == length) {
        break;
      }
      i = plain;
      char c = text.charAt(i);
      if (c < 0x80) {
        character((byte) c);
      } else if (c < 0x800) {
        out.write(0xc0 | (c >> 6));
        out.write(0x80 | (c & 0x3f));
      } else if (c == 0x2028 || c == 0x2029) {
        out.ascii(c == 0x2028 ? "\\u2028" : "\\u2029");
      } else if (!Character.isSurrogate(c)) {
        out.write(0xe0 | (c >> 12));
        out.write(0x80 | ((c >> 6) & 0x3f));
        out.write(0x80 | (c & 0x3f));
      } else if (i + 1 < length && Character.isSurrogatePair(c, text.charAt(i + 1))) {
        int point = Character.toCodePoint(c, text.charAt(++i));
        out.write(0xf0 | (point >> 18));
        out.write(0x80 | ((point >> 12) & 0x3f));
        out.write(0x80 | ((point >> 6) & 0x3f));
        out.write(0x80 | (point & 0x3f));
      } else {
        out.ascii("\\ufffd");
      }
    }
    out.write('"');
  }

  private static boolean isPlain(char c) {
    return c < 0x80 && PLAIN[c];
  }

  private void character(byte c) throws IOException {
    switch (c) {
      case '"' -> out.ascii("\\\"");
      case '\\' -> out.ascii("\\\\");
      case '\b' -> out.ascii("\\b");
      case '\f' -> out.ascii("\\f");
      case '\n' -> out.ascii("\\n");
      case '\r' -> out.ascii("\\r");
      case '\t' -> out.ascii("\\t");
      case '<', '>', '&' -> escaped(c);
      default -> {
        if (c < 0x20) {
          escaped(c);
        } else {
          out.write(c);
        }
      }
    }
  }

  private void escaped(byte c) throws IOException {
    out.ascii("\\u00");
    out.write(HEX[c >> 4]);
    out.write(HEX[c & 0xf]);
  }

  private static boolean isLineSeparator(byte[] bytes, int at) {
    return bytes[at] == (byte) 0xe2
        && bytes[at + 1] == (byte) 0x80
        && (bytes[at + 2] == (byte) 0xa8 || bytes[at + 2] == (byte) 0xa9);
  }
}
