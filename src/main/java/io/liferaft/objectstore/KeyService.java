package io.liferaft.objectstore;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.EncryptResponse;

/**
 * Wraps small secrets with keys that never leave AWS KMS. Every call is a request, blocks its
 * caller and is bounded by {@code liferaft.objectstore.kms.call-timeout}. Safe for use by many
 * threads; what opened it closes it.
 */
public final class KeyService implements AutoCloseable {

  private final Function<Optional<String>, KmsClient> opener;

  /** By the region that the key's name tells. */
  private final Map<Optional<String>, KmsClient> clients = new ConcurrentHashMap<>();

  /**
   * @param opener gives a client for a region, or for that of the settings
   */
  KeyService(Function<Optional<String>, KmsClient> opener) {
    this.opener = opener;
  }

  /**
   * A secret in its wrapping.
   *
   * @param arn of the key that it is wrapped with, whatever name it was asked for by
   */
  public record Wrapped(String arn, byte[] bytes) {}

  /**
   * Wraps a secret.
   *
   * @param key as {@link KmsKeyName} says
   * @param context without which it is not unwrapped
   * @throws ObjectStoreException UNAVAILABLE when it is worth another try, else CONFIGURATION or
   *     ACCESS_DENIED, saying what to do
   */
  public Wrapped wrap(String key, byte[] secret, Map<String, String> context) {
    return call(
        "wrapping a data key with " + key,
        "kms:Encrypt",
        () -> {
          EncryptResponse response =
              client(key)
                  .encrypt(b ->
                      b.keyId(key)
                          .plaintext(SdkBytes.fromByteArray(secret))
                          .encryptionContext(context));
          return new Wrapped(response.keyId(), response.ciphertextBlob().asByteArray());
        });
  }

  /**
   * Unwraps a secret with this key, and with no other one that the wrapping may name.
   *
   * @throws ObjectStoreException as {@link #wrap} does; CONFIGURATION also when it was wrapped with
   *     another key or context
   */
  public byte[] unwrap(String key, byte[] wrapped, Map<String, String> context) {
    return call(
        "unwrapping a data key with " + key,
        "kms:Decrypt",
        () ->
            client(key)
                .decrypt(b ->
                    b.keyId(key)
                        .ciphertextBlob(SdkBytes.fromByteArray(wrapped))
                        .encryptionContext(context))
                .plaintext()
                .asByteArray());
  }

  private KmsClient client(String key) {
    return clients.computeIfAbsent(KmsKeyName.region(key), opener);
  }

  private static <T> T call(String action, String permission, Supplier<T> request) {
    try {
      return request.get();
    } catch (SdkException e) {
      throw KmsErrors.translate(action, permission, e);
    }
  }

  @Override
  public void close() {
    clients.values().forEach(KmsClient::close);
  }
}
