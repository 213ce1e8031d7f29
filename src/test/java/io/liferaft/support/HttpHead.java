package io.liferaft.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** First line and headers of a request or answer. */
record HttpHead(List<String> lines) {

  private static final int BUFFER_BYTES = 16 << 10;

  String header(String name) {
    String prefix = name.toLowerCase(Locale.ROOT) + ":";
    return lines.stream()
        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
        .map(line -> line.substring(prefix.length()).strip())
        .findFirst()
        .orElse("");
  }

  long contentLength() {
    String length = header("Content-Length");
    return length.isEmpty() ? 0 : Long.parseLong(length);
  }

  int status() {
    return Integer.parseInt(lines.getFirst().split(" ", -1)[1]);
  }

  /** As a proxy passes on what it was asked for by its whole address. */
  HttpHead originForm() {
    String[] line = lines.getFirst().split(" ", -1);
    if (line.length < 3 || !line[1].startsWith("http://")) {
      return this;
    }
    List<String> kept = new ArrayList<>(lines);
    kept.set(0, line[0] + " " + line[1].replaceFirst("http://[^/]*", "") + " " + line[2]);
    // What concerns this connection only is not passed on.
    return new HttpHead(kept).without("Upgrade");
  }

  HttpHead without(String... names) {
    List<String> kept = new ArrayList<>(lines);
    for (String name : names) {
      kept.removeIf(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1));
    }
    return new HttpHead(kept);
  }

  /** Without keep-alive the end of an answer is the end of its connection. */
  byte[] oneRequestOnly() {
    List<String> kept = new ArrayList<>(lines);
    kept.removeIf(line -> line.toLowerCase(Locale.ROOT).startsWith("connection:"));
    kept.add("Connection: close");
    return bytes(kept);
  }

  byte[] bytes() {
    return bytes(lines);
  }

  private static byte[] bytes(List<String> lines) {
    return (String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Null at the end of the connection. */
  static @Nullable HttpHead read(InputStream in) throws IOException {
    List<String> lines = new ArrayList<>();
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int b = in.read();
    while (b >= 0) {
      if (b == '\n') {
        String text = line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
        if (text.isEmpty()) {
          return new HttpHead(lines);
        }
        lines.add(text);
        line.reset();
      } else {
        line.write(b);
      }
      b = in.read();
    }
    return null;
  }

  /** Copies at most so many bytes. */
  static void copy(InputStream in, OutputStream out, long limit) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long left = limit;
    while (left > 0) {
      int n = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (n < 0) {
        break;
      }
      out.write(buffer, 0, n);
      left -= n;
    }
    out.flush();
  }
}
