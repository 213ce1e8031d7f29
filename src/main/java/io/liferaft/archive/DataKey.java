package io.liferaft.archive;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * The secret from which come the keys of what one generation writes into an archive. Is told to
 * nobody but {@link EncryptionKeys} and manifests that are encrypted themselves.
 */
final class DataKey {

  static final int BYTES = 32;

  private final byte[] secret;

  /**
   * @throws IllegalArgumentException when it has not {@link #BYTES}
   */
  DataKey(byte[] secret) {
    if (secret.length != BYTES) {
      throw new IllegalArgumentException("a data key of " + secret.length + " bytes");
    }
    this.secret = secret.clone();
  }

  static DataKey random(SecureRandom random) {
    byte[] secret = new byte[BYTES];
    random.nextBytes(secret);
    return new DataKey(secret);
  }

  byte[] bytes() {
    return secret.clone();
  }

  String hex() {
    return HexFormat.of().formatHex(secret);
  }

  /**
   * The AES-256 key for one object: HKDF-SHA256 (RFC 5869) without a salt, {@code info} in UTF-8.
   */
  SecretKey derive(String info) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveKey(
              "AES",
              HKDFParameterSpec.ofExtract()
                  .addIKM(secret)
                  .thenExpand(info.getBytes(java.nio.charset.StandardCharsets.UTF_8), BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no HKDF-SHA256", e);
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof DataKey key && MessageDigest.isEqual(secret, key.secret);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(secret);
  }

  @Override
  public String toString() {
    return "a data key";
  }
}
