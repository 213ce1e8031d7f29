package io.liferaft.security;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.springframework.security.crypto.password.PasswordEncoder;

/**
 * Holds passwords as their HMAC under a key that this process made up. The file has them in clear
 * text, so a slow hash would protect nothing but cost every request its time; this one keeps them
 * out of a dump and makes all comparisons equally long, whatever the passwords' lengths.
 */
final class KeyedPasswordEncoder implements PasswordEncoder {

  private static final String ALGORITHM = "HmacSHA256";

  private final SecretKey key;

  KeyedPasswordEncoder() {
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    key = new SecretKeySpec(random, ALGORITHM);
  }

  @Override
  public String encode(@Nullable CharSequence rawPassword) {
    return HexFormat.of().formatHex(mac(rawPassword));
  }

  @Override
  public boolean matches(@Nullable CharSequence rawPassword, @Nullable String encodedPassword) {
    return encodedPassword != null
        && MessageDigest.isEqual(mac(rawPassword), HexFormat.of().parseHex(encodedPassword));
  }

  private byte[] mac(@Nullable CharSequence password) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return mac.doFinal(
          (password == null ? "" : password.toString()).getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    }
  }
}
