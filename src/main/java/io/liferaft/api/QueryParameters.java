package io.liferaft.api;

import io.liferaft.go.GoDuration;
import io.liferaft.raft.ReadLevel;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a request, read from the raw query string only (the servlet API would swallow a
 * form-typed body) by Go's rules: the first occurrence of a name wins, flags count by their mere
 * presence, unknown names are ignored.
 *
 * @param values first value per name
 */
record QueryParameters(Map<String, String> values) {

  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

  private static final List<String> DURATIONS =
      List.of("timeout", "freshness", "db_timeout", "linearizable_timeout");
  private static final List<String> INTEGERS = List.of("retries", "trailing_logs");

  QueryParameters {
    values = Map.copyOf(values);
  }

  /**
   * Reads and validates.
   *
   * @param raw the raw query string; null for none
   * @throws RequestFailure 400 with rqlite's text
   */
  static QueryParameters parse(@Nullable String raw) {
    QueryParameters parameters = new QueryParameters(split(raw == null ? "" : raw));
    parameters.validate();
    return parameters;
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  @Nullable String text(String name) {
    return values.get(name);
  }

  /** A duration; null when it is absent, zero or negative: clients send -1 for "no limit". */
  @Nullable Duration positiveDuration(String name) {
    String value = values.get(name);
    Duration duration = value == null ? null : GoDuration.parse(value);
    return duration == null || duration.isZero() || duration.isNegative() ? null : duration;
  }

  Duration timeout() {
    Duration timeout = positiveDuration("timeout");
    return timeout == null ? DEFAULT_TIMEOUT : timeout;
  }

  ReadLevel level() {
    return switch (values.getOrDefault("level", "").toLowerCase(Locale.ROOT)) {
      case "none" -> ReadLevel.NONE;
      case "strong" -> ReadLevel.STRONG;
      case "linearizable" -> ReadLevel.LINEARIZABLE;
      case "auto" -> ReadLevel.AUTO;
      default -> ReadLevel.WEAK;
    };
  }

  private void validate() {
    for (String name : DURATIONS) {
      String value = values.get(name);
      if (value != null && GoDuration.parse(value) == null) {
        throw RequestFailure.badRequest(name + " is not a valid duration");
      }
    }
    for (String name : INTEGERS) {
      String value = values.get(name);
      if (value != null && !isInteger(value)) {
        throw RequestFailure.badRequest(name + " is not a valid integer");
      }
    }
    if ("".equals(values.get("q"))) {
      throw RequestFailure.badRequest("query parameter not set");
    }
    if (has("freshness_strict") && !has("freshness")) {
      throw RequestFailure.badRequest("freshness_strict requires freshness");
    }
  }

  private static boolean isInteger(String value) {
    try {
      Long.parseLong(value);
      return value.chars().allMatch(c -> c < 128);
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static Map<String, String> split(String raw) {
    Map<String, String> values = new HashMap<>();
    int at = 0;
    while (at < raw.length()) {
      int end = raw.indexOf('&', at);
      end = end < 0 ? raw.length() : end;
      String pair = raw.substring(at, end);
      at = end + 1;
      if (pair.indexOf(';') >= 0) {
        throw RequestFailure.badRequest("invalid semicolon separator in query");
      }
      if (!pair.isEmpty()) {
        int equals = pair.indexOf('=');
        String name = unescape(equals < 0 ? pair : pair.substring(0, equals));
        String value = equals < 0 ? "" : unescape(pair.substring(equals + 1));
        values.putIfAbsent(name, value);
      }
    }
    return values;
  }

  private static String unescape(String text) {
    if (text.indexOf('%') < 0 && text.indexOf('+') < 0 && isAscii(text)) {
      return text;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%') {
        int high = i + 2 < text.length() ? hex(text.charAt(i + 1)) : -1;
        int low = i + 2 < text.length() ? hex(text.charAt(i + 2)) : -1;
        if (high < 0 || low < 0) {
          String bad = text.substring(i, Math.min(i + 3, text.length()));
          throw RequestFailure.badRequest("invalid URL escape \"" + bad + "\"");
        }
        bytes.write((high << 4) | low);
        i += 2;
      } else {
        // Tomcat hands raw bytes through as ISO-8859-1.
        bytes.write(c == '+' ? ' ' : c);
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 128) {
        return false;
      }
    }
    return true;
  }

  private static int hex(char c) {
    return c < 128 ? Character.digit(c, 16) : -1;
  }
}
