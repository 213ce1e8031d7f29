package io.liferaft.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/**
 * One kept HTTP/1.1 connection that sends bytes made beforehand and reads each answer to its end.
 * Not a client for general use: it knows what servers of this API answer (RFC 9112: a length, or
 * chunks). For one thread.
 */
final class HttpConnection implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final byte[] ERROR = "\"error\"".getBytes(ISO_8859_1);

  private final Socket socket = new Socket();
  private final InputStream in;
  private final OutputStream out;
  private final byte[] buffer = new byte[64 * 1024];
  private int from;
  private int to;

  HttpConnection(String address) throws IOException {
    int colon = address.lastIndexOf(':');
    socket.setTcpNoDelay(true);
    socket.setSoTimeout((int) PATIENCE.toMillis());
    try {
      socket.connect(
          new InetSocketAddress(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
          (int) PATIENCE.toMillis());
    } catch (IOException e) {
      throw new IOException("no connection to %s: %s".formatted(address, e.getMessage()), e);
    }
    in = socket.getInputStream();
    out = socket.getOutputStream();
  }

  /**
   * An answer.
   *
   * @param bytes of its body
   * @param failed an error was in it, whatever the status
   */
  record Answer(int status, long bytes, boolean failed) {}

  /** The bytes of a request. */
  static byte[] request(String address, BenchOptions options, String path, String json) {
    byte[] body = json.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    String authorization =
        options.authorization() == null ? "" : "Authorization: " + options.authorization() + "\r\n";
    byte[] head =
        "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            .formatted(path, address, authorization, body.length)
            .getBytes(ISO_8859_1);
    byte[] all = java.util.Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, all, head.length, body.length);
    return all;
  }

  /** Sends a request and reads the answer to it. */
  Answer exchange(byte[] request) throws IOException {
    out.write(request);
    int status = status(line());
    long length = 0;
    boolean chunked = false;
    for (String header = line(); !header.isEmpty(); header = line()) {
      String lower = header.toLowerCase(java.util.Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Long.parseLong(lower.substring(lower.indexOf(':') + 1).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = lower.endsWith("chunked");
      }
    }
    Body body = new Body();
    if (chunked) {
      for (long size = chunk(); size > 0; size = chunk()) {
        body.read(size);
        line();
      }
      while (!line().isEmpty()) {
        // trailers
      }
    } else {
      body.read(length);
    }
    return new Answer(status, body.bytes, status != 200 || body.failed);
  }

  private static int status(String line) throws IOException {
    if (!line.matches("HTTP/1\\.1 \\d{3}.*")) {
      throw new IOException("not HTTP/1.1: " + line);
    }
    return Integer.parseInt(line.substring(9, 12));
  }

  private long chunk() throws IOException {
    String size = line();
    int extension = size.indexOf(';');
    return Long.parseLong((extension < 0 ? size : size.substring(0, extension)).strip(), 16);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      if (from == to) {
        fill();
      }
      byte next = buffer[from++];
      if (next == '\n') {
        return line.toString();
      }
      if (next != '\r') {
        line.append((char) (next & 0xff));
      }
    }
  }

  private void fill() throws IOException {
    from = 0;
    to = Math.max(0, in.read(buffer));
    if (to == 0) {
      throw new EOFException("the server closed the connection in mid-answer");
    }
  }

  /** What is read and not kept; an error is found also where it lies across two reads. */
  private final class Body {
    private long bytes;
    private boolean failed;
    private int matched;

    void read(long length) throws IOException {
      for (long left = length; left > 0; ) {
        if (from == to) {
          fill();
        }
        int part = (int) Math.min(left, to - from);
        for (int i = from; i < from + part; i++) {
          matched = buffer[i] == ERROR[matched] ? matched + 1 : buffer[i] == ERROR[0] ? 1 : 0;
          if (matched == ERROR.length) {
            failed = true;
            matched = 0;
          }
        }
        from += part;
        left -= part;
        bytes += part;
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
