package io.liferaft.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** {@code /licenses}: under which licences the parts of the program are. */
final class Licenses {

  private static final String RESOURCE = "licenses.txt";

  private final String text;

  Licenses() {
    try (InputStream in = Licenses.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is missing");
      }
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(RESOURCE + " cannot be read", e);
    }
  }

  void text(Exchange exchange) throws IOException {
    exchange.text(200, text);
  }
}
