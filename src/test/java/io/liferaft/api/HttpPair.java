package io.liferaft.api;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A request and the answer that it is to get, from a file of the form that editors know as {@code
 * .http}: {@code ### name}, comments, request line, headers, an empty line, the body; then {@code
 * HTTP/1.1 status}, headers, an empty line, the body of the answer. Comments of the form {@code #
 * @word value} say how it is sent.
 *
 * @param options by their words: how it is sent, and to whom
 * @param headers lines
 * @param expectedHeaders lines
 */
record HttpPair(
    String name,
    int line,
    Map<String, String> options,
    String method,
    String target,
    List<String> headers,
    String body,
    int status,
    List<String> expectedHeaders,
    String expectedBody) {

  private static final Pattern OPTION = Pattern.compile("# @(\\S+) ?(.*)");
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3})");

  HttpPair {
    options = Map.copyOf(options);
    headers = List.copyOf(headers);
    expectedHeaders = List.copyOf(expectedHeaders);
  }

  /**
   * A file.
   *
   * @param options above the first pair
   */
  record Pairs(Map<String, String> options, List<HttpPair> pairs) {
    Pairs {
      options = Map.copyOf(options);
      pairs = List.copyOf(pairs);
    }
  }

  static Pairs read(List<String> lines) {
    List<HttpPair> pairs = new ArrayList<>();
    int at = next(lines, 0);
    Map<String, String> options = options(lines.subList(0, at));
    while (at < lines.size()) {
      int end = next(lines, at + 1);
      pairs.add(new Reader(lines.subList(at, end), at + 1).pair());
      at = end;
    }
    return new Pairs(options, pairs);
  }

  private static int next(List<String> lines, int from) {
    int at = from;
    while (at < lines.size() && !lines.get(at).startsWith("###")) {
      at++;
    }
    return at;
  }

  private static Map<String, String> options(List<String> lines) {
    Map<String, String> options = new HashMap<>();
    for (String line : lines) {
      Matcher option = OPTION.matcher(line);
      if (option.matches()) {
        options.put(option.group(1), option.group(2).strip());
      }
    }
    return options;
  }

  boolean has(String option) {
    return options.containsKey(option);
  }

  /** Reads one pair's lines. */
  private static final class Reader {
    private final List<String> lines;
    private final int first;
    private int at = 1;

    Reader(List<String> lines, int first) {
      this.lines = lines;
      this.first = first;
    }

    HttpPair pair() {
      while (at < lines.size() && (line().isBlank() || line().startsWith("#"))) {
        at++;
      }
      Map<String, String> options = options(lines.subList(0, at));
      if (at == lines.size() || !line().contains(" ")) {
        throw new IllegalArgumentException("no request in line " + (first + at));
      }
      String request = line();
      at++;
      int space = request.indexOf(' ');
      List<String> headers = headers();
      int body = at;
      while (at < lines.size() && !STATUS.matcher(line()).matches()) {
        at++;
      }
      if (at == lines.size()) {
        throw new IllegalArgumentException("no answer for line " + first);
      }
      String text = text(lines.subList(body, at));
      int status = Integer.parseInt(line().substring(9));
      at++;
      List<String> expectedHeaders = headers();
      return new HttpPair(
          lines.getFirst().substring(3).strip(),
          first,
          options,
          request.substring(0, space),
          request.substring(space + 1),
          headers,
          text,
          status,
          expectedHeaders,
          text(lines.subList(at, lines.size())));
    }

    private List<String> headers() {
      List<String> headers = new ArrayList<>();
      while (at < lines.size() && !line().isEmpty() && !STATUS.matcher(line()).matches()) {
        headers.add(line());
        at++;
      }
      if (at < lines.size() && line().isEmpty()) {
        at++;
      }
      return headers;
    }

    private String line() {
      return lines.get(at);
    }

    /** Empty lines at the end part it from what follows. */
    private static String text(List<String> lines) {
      int end = lines.size();
      while (end > 0 && lines.get(end - 1).isEmpty()) {
        end--;
      }
      return String.join("\n", lines.subList(0, end));
    }
  }
}
