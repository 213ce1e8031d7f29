package io.liferaft.go;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses as Go shows them to people. */
public final class GoUrl {

  /** A host with a port or none: what stands before the path when no slash is in a password. */
  private static final Pattern HOST = Pattern.compile("(\\[.*]|[^:]*)(:\\d*)?");

  private static final Pattern ANOTHER = Pattern.compile(",\\s*([A-Za-z][A-Za-z0-9+.-]*://)");

  private GoUrl() {}

  /**
   * Without its password, as Go's {@code URL.Redacted()}: {@code https://user:xxxxx@host/path}.
   * What is no address is masked as far as it might be one, and of several after commas each.
   */
  public static String redacted(String address) {
    String shown = first(address);
    Matcher next = ANOTHER.matcher(shown);
    return next.find()
        ? shown.substring(0, next.start(1)) + redacted(shown.substring(next.start(1)))
        : shown;
  }

  private static String first(String address) {
    int scheme = address.indexOf("://");
    if (scheme < 0) {
      return address;
    }
    int start = scheme + 3;
    int end = start;
    while (end < address.length() && "/?#".indexOf(address.charAt(end)) < 0) {
      end++;
    }
    int at = address.substring(start, end).lastIndexOf('@') + start;
    if (at < start && !HOST.matcher(address.substring(start, end)).matches()) {
      at = address.lastIndexOf('@');
    }
    int colon = address.indexOf(':', start);
    return at < start || colon < 0 || colon > at
        ? address
        : address.substring(0, colon + 1) + "xxxxx" + address.substring(at);
  }
}
