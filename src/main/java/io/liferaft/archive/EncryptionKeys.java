package io.liferaft.archive;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The keys that wrap data keys: one for what is written, and older ones for reading. For several
 * threads.
 */
final class EncryptionKeys {

  /** Nothing is encrypted, and nothing that is can be read. */
  static final EncryptionKeys NONE = new EncryptionKeys(null, Map.of(), _ -> null);

  /** A data key for each generation that is read: more only where archives are looked through. */
  private static final int MOST_UNWRAPPED = 256;

  private final @Nullable String current;
  private final TreeMap<String, KeySource> keys;
  private final Function<String, @Nullable String> environment;
  private final SecureRandom random = new SecureRandom();

  /** By key id and wrapped form. */
  private final Map<String, DataKey> unwrapped = new ConcurrentHashMap<>();

  /**
   * @param current id of the key for what is written; null to encrypt nothing
   * @param environment gives a variable's value, or null
   */
  EncryptionKeys(
      @Nullable String current,
      Map<String, KeySource> keys,
      Function<String, @Nullable String> environment) {
    this.current = current;
    this.keys = new TreeMap<>(keys);
    this.environment = environment;
  }

  boolean encrypts() {
    return current != null;
  }

  /**
   * The key for what is written next; null when nothing is encrypted.
   *
   * @param before of the newest backup of this generation; null for none
   * @throws EncryptionKeyException when the key to wrap with is not there
   */
  @Nullable WrappedKey next(@Nullable WrappedKey before) {
    String keyId = current;
    if (keyId == null) {
      return null;
    }
    if (before != null && before.keyId().equals(keyId)) {
      return before;
    }
    DataKey key = DataKey.random(random);
    byte[] wrapped =
        Aes256Gcm.seal(wrapping(keyId, "Backups cannot be encrypted"), key.bytes(), random);
    return new WrappedKey(keyId, Base64.getEncoder().encodeToString(wrapped), key);
  }

  /**
   * The data key in its wrapping.
   *
   * @param object that carries it, for messages
   * @throws EncryptionKeyException when the key that it is wrapped with is not there, or is another
   */
  WrappedKey unwrap(String keyId, String wrapped, String object) {
    String known = keyId + " " + wrapped;
    DataKey key = unwrapped.get(known);
    if (key == null) {
      key = unwrapNow(keyId, wrapped, object);
      if (unwrapped.size() >= MOST_UNWRAPPED) {
        unwrapped.clear();
      }
      unwrapped.put(known, key);
    }
    return new WrappedKey(keyId, wrapped, key);
  }

  private DataKey unwrapNow(String keyId, String wrapped, String object) {
    if (!keys.containsKey(keyId)) {
      throw new EncryptionKeyException(
          "%s is encrypted with the key of id %s, which is not set: set liferaft.archive.encryption.keys.%s (set are: %s)"
              .formatted(object, keyId, keyId, keys.isEmpty() ? "none" : keys.keySet()),
          null);
    }
    SecretKeySpec wrapping =
        wrapping(
            keyId, object + " is encrypted with the key of id " + keyId + " and cannot be read");
    try {
      return new DataKey(Aes256Gcm.open(wrapping, Base64.getDecoder().decode(wrapped)));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new EncryptionKeyException(
          "%s was encrypted with another key than the one that liferaft.archive.encryption.keys.%s names now: a new key wants an id of its own, and the old one stays for reading"
              .formatted(object, keyId),
          e);
    }
  }

  private SecretKeySpec wrapping(String keyId, String trouble) {
    KeySource source = keys.get(keyId);
    if (source == null) {
      throw new IllegalStateException("no key of id " + keyId);
    }
    try {
      return new SecretKeySpec(source.read(environment), "AES");
    } catch (IOException e) {
      String why =
          e instanceof java.nio.file.NoSuchFileException
              ? "there is no file " + e.getMessage()
              : e.getMessage();
      throw new EncryptionKeyException(
          "%s: liferaft.archive.encryption.keys.%s: %s".formatted(trouble, keyId, why), e);
    }
  }
}
