package io.liferaft.archive;

import io.liferaft.objectstore.KmsKeyName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Where a key that wraps data keys comes from. Holds the place, not the key. */
sealed interface KeySource {

  /** A file that holds it, for example a mounted secret; read anew each time. */
  record InFile(Path path) implements Held {}

  /** An environment variable that holds it. */
  record InEnvironment(String variable) implements Held {}

  /**
   * A key in AWS KMS, which nobody ever holds.
   *
   * @param key its ARN, its id or an alias
   */
  record InKms(String key) implements KeySource {}

  /**
   * Takes a setting's value apart.
   *
   * @throws IllegalArgumentException when it is neither, without the value, which may be a key
   */
  static KeySource parse(String value) {
    String place = value.strip();
    if (place.startsWith("file:") && place.length() > 5) {
      return new InFile(Path.of(place.substring(5)));
    }
    if (place.matches("env:[A-Za-z_][A-Za-z0-9_]*")) {
      return new InEnvironment(place.substring(4));
    }
    if (place.startsWith("kms:")) {
      if (KmsKeyName.isOne(place.substring(4))) {
        return new InKms(place.substring(4));
      }
      throw new IllegalArgumentException(KmsKeyName.REFUSED + ", each behind kms:");
    }
    throw new IllegalArgumentException(
        "names no place of a key: valid ones are file:/run/secrets/backup-key, env:BACKUP_KEY and"
            + " kms:alias/backups (never the key itself)");
  }

  /** A place where the key itself can be read. */
  sealed interface Held extends KeySource {

    /**
     * Reads the key: 32 bytes, as they are (in a file), as 64 hexadecimal digits or in base64.
     *
     * @param environment gives a variable's value, or null
     * @throws IOException when it is not there or is none, without its content
     */
    default byte[] read(Function<String, @Nullable String> environment) throws IOException {
      return switch (this) {
        case InFile(Path path) -> {
          byte[] content = Files.readAllBytes(path);
          yield content.length == DataKey.BYTES
              ? content
              : decoded(new String(content, StandardCharsets.ISO_8859_1))
                  .orElseThrow(() -> none("the file " + path));
        }
        case InEnvironment(String variable) -> {
          String content = environment.apply(variable);
          if (content == null) {
            throw new IOException("the environment variable " + variable + " is not set");
          }
          yield decoded(content).orElseThrow(() -> none("the environment variable " + variable));
        }
      };
    }
  }

  private static IOException none(String place) {
    return new IOException(
        place
            + " holds no key of 32 bytes, as 64 hexadecimal digits or in base64: openssl rand"
            + " -base64 32 makes one");
  }

  private static Optional<byte[]> decoded(String text) {
    String key = text.strip();
    try {
      byte[] bytes =
          key.length() == 2 * DataKey.BYTES
              ? HexFormat.of().parseHex(key)
              : Base64.getDecoder().decode(key);
      return Optional.of(bytes).filter(found -> found.length == DataKey.BYTES);
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }
}
