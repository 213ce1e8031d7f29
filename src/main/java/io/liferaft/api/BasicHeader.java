package io.liferaft.api;

import io.liferaft.security.Credentials;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** HTTP Basic as Go reads it. Whatever is malformed counts as if it were not there. */
final class BasicHeader {

  static final String CHALLENGE = "Basic realm=\"rqlite\"";

  private static final String SCHEME = "Basic ";

  private BasicHeader() {}

  /** What the request's first Authorization header says. */
  static Credentials credentials(HttpServletRequest request) {
    return parse(request.getHeader("Authorization"));
  }

  static Credentials parse(@Nullable String header) {
    if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return Credentials.ANONYMOUS;
    }
    String encoded = header.substring(SCHEME.length());
    // Java's decoder would do without the padding.
    if (encoded.length() % 4 != 0) {
      return Credentials.ANONYMOUS;
    }
    try {
      byte[] decoded = Base64.getDecoder().decode(encoded);
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(decoded)).toString();
      int colon = text.indexOf(':');
      return colon < 0
          ? Credentials.ANONYMOUS
          : new Credentials(text.substring(0, colon), text.substring(colon + 1));
    } catch (IllegalArgumentException | CharacterCodingException e) {
      return Credentials.ANONYMOUS;
    }
  }
}
