package io.liferaft.api;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Sends the request of a pair, byte by byte as it says: {@code @chunked} in chunks, {@code
 * @expect-continue} with the body held back until it is asked for, {@code @hex} bytes for a body,
 * {@code @database} a database made by these statements ({@code @journal delete} or wal; {@code
 * @cut} so many bytes of it; {@code @spoil} with pages that are overwritten).
 */
final class PairSender {

  private PairSender() {}

  static RawHttp.Answer send(HttpPair pair, RawHttp http, Placeholders placeholders)
      throws IOException {
    byte[] body = body(pair, placeholders);
    String target = placeholders.fill(pair.target());
    StringBuilder headers = new StringBuilder();
    pair.headers().forEach(header -> headers.append(header).append("\r\n"));
    if (pair.has("chunked")) {
      return http.exchange(out -> {
        out.write(RawHttp.head(pair.method(), target, "Transfer-Encoding: chunked\r\n" + headers));
        for (int at = 0; at < body.length; at += 7) {
          int length = Math.min(7, body.length - at);
          out.write((Integer.toHexString(length) + "\r\n").getBytes(US_ASCII));
          out.write(body, at, length);
          out.write("\r\n".getBytes(US_ASCII));
        }
        out.write("0\r\n\r\n".getBytes(US_ASCII));
      });
    }
    if (pair.has("expect-continue")) {
      byte[] head =
          RawHttp.head(
              pair.method(),
              target,
              "Expect: 100-continue\r\nContent-Length: " + body.length + "\r\n" + headers);
      return asked(http, head, body);
    }
    return http.send(pair.method(), target, headers.toString(), body);
  }

  private static RawHttp.Answer asked(RawHttp http, byte[] head, byte[] body) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      InputStream in = new BufferedInputStream(socket.getInputStream());
      out.write(head);
      out.flush();
      assertThat(RawHttp.read(in).status()).isEqualTo(100);
      out.write(body);
      out.flush();
      return RawHttp.read(in);
    }
  }

  private static byte[] body(HttpPair pair, Placeholders placeholders) throws IOException {
    if (pair.has("hex")) {
      return HexFormat.of().parseHex(pair.options().getOrDefault("hex", "").replace(" ", ""));
    }
    if (!pair.has("database")) {
      return placeholders.fill(pair.body()).getBytes(UTF_8);
    }
    byte[] database =
        database(
            pair.options().getOrDefault("database", ""),
            pair.options().getOrDefault("journal", "delete"));
    if (pair.has("spoil")) {
      Arrays.fill(database, 4096, database.length, (byte) 0x5a);
    }
    return pair.has("cut")
        ? Arrays.copyOf(database, Integer.parseInt(pair.options().getOrDefault("cut", "")))
        : database;
  }

  /** A database file as a SQLite tool leaves it. */
  private static byte[] database(String sql, String journal) throws IOException {
    Path folder = Files.createTempDirectory("liferaft");
    Path file = folder.resolve("made.sqlite");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=" + journal);
      statement.executeUpdate(sql);
    } catch (SQLException e) {
      throw new IOException(e);
    }
    try {
      return Files.readAllBytes(file);
    } finally {
      org.springframework.util.FileSystemUtils.deleteRecursively(folder);
    }
  }
}
