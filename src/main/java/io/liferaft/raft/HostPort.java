package io.liferaft.raft;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A network address; IPv6 hosts are written in brackets. */
record HostPort(String host, int port) {

  private static final Pattern FORM =
      Pattern.compile("(\\[[0-9a-fA-F:.%]+]|[^:\\[\\]\\s/]+):(\\d{1,9})");

  /**
   * Reads {@code host:port}.
   *
   * @throws IllegalArgumentException when it is none
   */
  static HostPort parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not of the form host:port");
    }
    int port = Integer.parseInt(matcher.group(2));
    if (port > 65535) {
      throw new IllegalArgumentException("no address, as its port is above 65535");
    }
    return new HostPort(matcher.group(1), port);
  }

  /**
   * Reads an address to bind to, {@code host:port} or, for every address, {@code :port}.
   *
   * @throws IllegalArgumentException when it is none
   */
  static HostPort parseBind(String text) {
    String address = text.strip();
    return parse(address.startsWith(":") ? "0.0.0.0" + address : address);
  }

  boolean wildcard() {
    return host.equals("0.0.0.0") || host.equals("[::]") || host.equals("*");
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
