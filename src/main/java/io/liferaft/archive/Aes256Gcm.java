package io.liferaft.archive;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * AES-256-GCM (NIST SP 800-38D) with nonces of 96 bits by chance: a nonce, then the ciphertext,
 * then a tag of 128 bits.
 */
final class Aes256Gcm {

  static final int NONCE_BYTES = 12;
  static final int TAG_BYTES = 16;

  /** What it makes longer. */
  static final int OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

  private Aes256Gcm() {}

  static Cipher cipher(int mode, SecretKey key, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(8 * TAG_BYTES, nonce));
    return cipher;
  }

  /**
   * Encrypts.
   *
   * @param into has room for {@code length} and {@link #OVERHEAD_BYTES}
   * @return how many bytes of {@code into} were written
   */
  static int seal(SecretKey key, byte[] plain, int length, byte[] into, SecureRandom random) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    System.arraycopy(nonce, 0, into, 0, NONCE_BYTES);
    try {
      return NONCE_BYTES
          + cipher(Cipher.ENCRYPT_MODE, key, nonce).doFinal(plain, 0, length, into, NONCE_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot encrypt with AES-256-GCM", e);
    }
  }

  static byte[] seal(SecretKey key, byte[] plain, SecureRandom random) {
    byte[] sealed = new byte[plain.length + OVERHEAD_BYTES];
    int _ = seal(key, plain, plain.length, sealed, random);
    return sealed;
  }

  /**
   * Decrypts.
   *
   * @param into has room for {@code length} without {@link #OVERHEAD_BYTES}
   * @throws GeneralSecurityException when it was encrypted with another key, or has been changed
   */
  static int open(SecretKey key, byte[] sealed, int length, byte[] into)
      throws GeneralSecurityException {
    if (length < OVERHEAD_BYTES) {
      throw new GeneralSecurityException("it is too short");
    }
    byte[] nonce = java.util.Arrays.copyOf(sealed, NONCE_BYTES);
    return cipher(Cipher.DECRYPT_MODE, key, nonce)
        .doFinal(sealed, NONCE_BYTES, length - NONCE_BYTES, into, 0);
  }

  static byte[] open(SecretKey key, byte[] sealed) throws GeneralSecurityException {
    byte[] plain = new byte[Math.max(0, sealed.length - OVERHEAD_BYTES)];
    int _ = open(key, sealed, sealed.length, plain);
    return plain;
  }
}
