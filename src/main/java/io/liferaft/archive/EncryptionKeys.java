package io.liferaft.archive;

import io.liferaft.objectstore.KeyService;
import io.liferaft.objectstore.ObjectStoreException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The keys that wrap data keys: one for what is written, and older ones for reading. What has been
 * unwrapped stays in memory, so AWS KMS is asked once for a data key. For several threads.
 */
final class EncryptionKeys {

  /** Nothing is encrypted, and nothing that is can be read. */
  static final EncryptionKeys NONE = new EncryptionKeys(null, Map.of(), _ -> null, null);

  /** What AWS KMS binds a wrapped data key to; a policy may ask for it. */
  static final Map<String, String> CONTEXT = Map.of("liferaft", "archive-data-key");

  /** A data key for each generation that is read: more only where archives are looked through. */
  private static final int MOST_UNWRAPPED = 256;

  private static final String SETTING = "liferaft.archive.encryption.keys.";

  private final @Nullable String current;
  private final TreeMap<String, KeySource> keys;
  private final Function<String, @Nullable String> environment;
  private final @Nullable KeyService kms;
  private final SecureRandom random = new SecureRandom();
  private final ReentrantLock unwrapping = new ReentrantLock();
  private final Map<Wrapping, DataKey> unwrapped = new ConcurrentHashMap<>();

  /**
   * @param current id of the key for what is written; null to encrypt nothing
   * @param environment gives a variable's value, or null
   * @param kms null where no key is in it
   */
  EncryptionKeys(
      @Nullable String current,
      Map<String, KeySource> keys,
      Function<String, @Nullable String> environment,
      @Nullable KeyService kms) {
    this.current = current;
    this.keys = new TreeMap<>(keys);
    this.environment = environment;
    this.kms = kms;
  }

  boolean encrypts() {
    return current != null;
  }

  /**
   * The key for what is written next; null when nothing is encrypted.
   *
   * @param before of the newest backup of this generation; null for none
   * @throws EncryptionKeyException when the key to wrap with is not there
   * @throws ObjectStoreException UNAVAILABLE when AWS KMS cannot be asked
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
    Wrapping wrapping = wrap(keyId, key);
    remember(wrapping, key);
    return new WrappedKey(wrapping, key);
  }

  private Wrapping wrap(String keyId, DataKey key) {
    String trouble = "Backups cannot be encrypted";
    return switch (source(keyId)) {
      case KeySource.Held held -> {
        byte[] wrapped = Aes256Gcm.seal(read(held, keyId, trouble), key.bytes(), random);
        yield new Wrapping(
            keyId, Wrapping.AES_256_GCM, null, Base64.getEncoder().encodeToString(wrapped));
      }
      case KeySource.InKms(String kmsKey) -> {
        KeyService.Wrapped by =
            asked(keyId, trouble, service -> service.wrap(kmsKey, key.bytes(), CONTEXT));
        yield new Wrapping(
            keyId, Wrapping.AWS_KMS, by.arn(), Base64.getEncoder().encodeToString(by.bytes()));
      }
    };
  }

  /**
   * The data key in its wrapping.
   *
   * @param object that carries it, for messages
   * @throws EncryptionKeyException when the key that it is wrapped with is not there, or is another
   * @throws ObjectStoreException UNAVAILABLE when AWS KMS cannot be asked
   */
  WrappedKey unwrap(Wrapping wrapping, String object) {
    DataKey key = unwrapped.get(wrapping);
    if (key == null) {
      // One at a time: who waits finds it there.
      unwrapping.lock();
      try {
        key = unwrapped.get(wrapping);
        if (key == null) {
          key = unwrapNow(wrapping, object);
          remember(wrapping, key);
        }
      } finally {
        unwrapping.unlock();
      }
    }
    return new WrappedKey(wrapping, key);
  }

  /**
   * Wraps a data key with the key for what is written, and unwraps it again.
   *
   * @return its id; null when nothing is encrypted
   * @throws EncryptionKeyException when it is not there, or may not be used
   * @throws ObjectStoreException UNAVAILABLE when AWS KMS cannot be asked
   */
  @Nullable String tryCurrent() {
    String keyId = current;
    if (keyId == null) {
      return null;
    }
    DataKey key = DataKey.random(random);
    if (!unwrapNow(wrap(keyId, key), "A trial data key").equals(key)) {
      throw new EncryptionKeyException(
          "What the key of id " + keyId + " has wrapped comes back as something else", null);
    }
    return keyId;
  }

  /**
   * Unwraps a data key anew, also one that is known already: its key may be gone since.
   *
   * @param object that carries it, for messages
   * @throws EncryptionKeyException when the key that it is wrapped with is not there, or is another
   * @throws ObjectStoreException UNAVAILABLE when AWS KMS cannot be asked
   */
  void tryUnwrap(Wrapping wrapping, String object) {
    DataKey _ = unwrapNow(wrapping, object);
  }

  private void remember(Wrapping wrapping, DataKey key) {
    if (unwrapped.size() >= MOST_UNWRAPPED) {
      unwrapped.clear();
    }
    unwrapped.put(wrapping, key);
  }

  private DataKey unwrapNow(Wrapping wrapping, String object) {
    String keyId = wrapping.keyId();
    if (!keys.containsKey(keyId)) {
      throw new EncryptionKeyException(
          "%s is encrypted with %s, which is not set: set %s%s%s (set are: %s)"
              .formatted(
                  object,
                  wrapping.named(),
                  SETTING,
                  keyId,
                  wrapping.kmsKey() == null ? "" : "=kms:" + wrapping.kmsKey(),
                  keys.isEmpty() ? "none" : keys.keySet()),
          null);
    }
    String trouble = object + " is encrypted with " + wrapping.named() + " and cannot be read";
    try {
      byte[] wrapped = Base64.getDecoder().decode(wrapping.wrapped());
      return new DataKey(
          switch (source(keyId)) {
            case KeySource.Held held when wrapping.by().equals(Wrapping.AES_256_GCM) ->
                Aes256Gcm.open(read(held, keyId, trouble), wrapped);
            case KeySource.InKms(String kmsKey) when wrapping.by().equals(Wrapping.AWS_KMS) ->
                asked(keyId, trouble, service -> service.unwrap(kmsKey, wrapped, CONTEXT));
            case KeySource _ -> throw wrappedOtherwise(wrapping, object);
          });
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new EncryptionKeyException(
          "%s was encrypted with another key than the one that %s%s names now: a new key wants an id of its own, and the old one stays for reading"
              .formatted(object, SETTING, keyId),
          e);
    }
  }

  private static EncryptionKeyException wrappedOtherwise(Wrapping wrapping, String object) {
    String valid =
        switch (wrapping.by()) {
          case Wrapping.AES_256_GCM -> "it names AWS KMS and has to name a file or a variable";
          case Wrapping.AWS_KMS -> "it has to be kms:" + wrapping.kmsKey();
          default ->
              "wrapped by "
                  + wrapping.by()
                  + ", which this version of Liferaft does not know: use a newer one";
        };
    return new EncryptionKeyException(
        "%s is encrypted with %s and cannot be read: %s%s: %s"
            .formatted(object, wrapping.named(), SETTING, wrapping.keyId(), valid),
        null);
  }

  private KeySource source(String keyId) {
    KeySource source = keys.get(keyId);
    if (source == null) {
      throw new IllegalStateException("no key of id " + keyId);
    }
    return source;
  }

  private SecretKeySpec read(KeySource.Held source, String keyId, String trouble) {
    try {
      return new SecretKeySpec(source.read(environment), "AES");
    } catch (IOException e) {
      String why =
          e instanceof java.nio.file.NoSuchFileException
              ? "there is no file " + e.getMessage()
              : e.getMessage();
      throw new EncryptionKeyException("%s: %s%s: %s".formatted(trouble, SETTING, keyId, why), e);
    }
  }

  private <T> T asked(String keyId, String trouble, Function<KeyService, T> request) {
    KeyService service = kms;
    if (service == null) {
      throw new IllegalStateException("AWS KMS is not set up for the key of id " + keyId);
    }
    try {
      return request.apply(service);
    } catch (ObjectStoreException e) {
      String sentence = "%s: %s%s: %s".formatted(trouble, SETTING, keyId, e.getMessage());
      throw e.reason() == ObjectStoreException.Reason.UNAVAILABLE
          ? new ObjectStoreException(e.reason(), sentence, e)
          : new EncryptionKeyException(sentence, e);
    }
  }
}
