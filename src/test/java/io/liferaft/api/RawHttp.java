package io.liferaft.api;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** HTTP over a bare socket: what is sent and what comes back is seen to the byte. */
final class RawHttp {

  private final int port;

  RawHttp(int port) {
    this.port = port;
  }

  int port() {
    return port;
  }

  /**
   * An answer.
   *
   * @param whole false when the connection broke off before the body's end
   */
  record Answer(int status, List<String> headers, ByteArrayOutputStream body, boolean whole) {

    String text() {
      return body.toString(StandardCharsets.UTF_8);
    }

    /** All values of a header. */
    List<String> header(String name) {
      String prefix = name.toLowerCase(Locale.ROOT) + ": ";
      return headers.stream()
          .filter(h -> h.toLowerCase(Locale.ROOT).startsWith(prefix))
          .map(h -> h.substring(prefix.length()))
          .toList();
    }
  }

  Answer get(String target) throws IOException {
    return send("GET", target, "", new byte[0]);
  }

  Answer post(String target, String body) throws IOException {
    return send("POST", target, "", body.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Sends one request.
   *
   * @param headers lines, each with its line end
   */
  Answer send(String method, String target, String headers, byte[] body) throws IOException {
    String length =
        body.length == 0 && method.equals("GET") ? "" : "Content-Length: " + body.length + "\r\n";
    return exchange(out -> {
      out.write(head(method, target, length + headers));
      out.write(body);
    });
  }

  static byte[] head(String method, String target, String headers) {
    return (method
            + " "
            + target
            + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + headers
            + "\r\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  /** What a test sends. */
  interface Sender {
    void send(OutputStream out) throws IOException;
  }

  Answer exchange(Sender sender) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      OutputStream out = socket.getOutputStream();
      try {
        sender.send(out);
        out.flush();
      } catch (IOException _) {
        // The server may answer and close before it has read everything.
      }
      return read(new BufferedInputStream(socket.getInputStream()));
    }
  }

  static Answer read(InputStream in) throws IOException {
    int status = Integer.parseInt(line(in).substring(9, 12));
    List<String> headers = new ArrayList<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      headers.add(line);
    }
    if (status == 100) {
      return new Answer(status, headers, new ByteArrayOutputStream(), true);
    }
    Answer bare = new Answer(status, headers, new ByteArrayOutputStream(), true);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    boolean whole = true;
    try {
      if (!bare.header("Transfer-Encoding").isEmpty()) {
        for (int size = chunk(in); size > 0; size = chunk(in)) {
          part(in, size, body);
          line(in);
        }
      } else if (!bare.header("Content-Length").isEmpty()) {
        part(in, Integer.parseInt(bare.header("Content-Length").getFirst()), body);
      } else {
        in.transferTo(body);
      }
    } catch (IOException _) {
      whole = false;
    }
    return new Answer(status, headers, body, whole);
  }

  private static void part(InputStream in, int size, ByteArrayOutputStream body)
      throws IOException {
    byte[] bytes = in.readNBytes(size);
    body.write(bytes);
    if (bytes.length < size) {
      throw new EOFException();
    }
  }

  private static int chunk(InputStream in) throws IOException {
    return Integer.parseInt(line(in), 16);
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("connection closed");
      }
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(StandardCharsets.UTF_8);
  }
}
