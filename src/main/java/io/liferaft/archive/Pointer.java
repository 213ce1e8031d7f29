package io.liferaft.archive;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the object {@code latest.json} says: which backup is the newest. Replaced only if it is
 * still the one that was seen before.
 *
 * @param id of the newest backup
 * @param manifestSha256 of its manifest as it lies in the store
 * @param storedBytes what has to be fetched for a restore
 * @param conditional whether the store keeps conditions; where it does not, a pointer may have been
 *     replaced by an older one, and the highest manifest counts
 * @param key that what it says of the backup is encrypted with; null when it is not
 */
record Pointer(
    BackupId id,
    BackupManifest head,
    String manifestSha256,
    long storedBytes,
    boolean conditional,
    @Nullable WrappedKey key) {

  static final int MOST_BYTES = 1 << 20;

  /** The same of a store that keeps no conditions. */
  Pointer unconditional() {
    return new Pointer(id, head, manifestSha256, storedBytes, false, key);
  }

  /** What the key of the encrypted part is derived by. */
  private static String purpose(BackupId id) {
    return "liferaft pointer " + id.fileName();
  }

  byte[] encode() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JsonMapper.shared().createGenerator(out)) {
      json.writeStartObject();
      json.writeNumberProperty("format", ManifestJson.FORMAT);
      json.writeStringProperty("manifest", id.fileName());
      json.writeStringProperty("manifestSha256", manifestSha256);
      json.writeNumberProperty("storedBytes", storedBytes);
      json.writeBooleanProperty("conditional", conditional);
      if (key == null) {
        ManifestJson.writeHead(json, head);
      } else {
        json.writeStringProperty("keyId", key.keyId());
        json.writeStringProperty("sealed", Base64.getEncoder().encodeToString(sealedHead(key)));
      }
      json.writeEndObject();
    }
    return out.toByteArray();
  }

  private byte[] sealedHead(WrappedKey with) {
    ByteArrayOutputStream sealed = new ByteArrayOutputStream();
    try (JsonGenerator json =
        JsonMapper.shared().createGenerator(Envelope.seal(sealed, with, purpose(id)))) {
      json.writeStartObject();
      ManifestJson.writeHead(json, head);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a pointer is made in memory", e);
    }
    return sealed.toByteArray();
  }

  private static ManifestJson.Head openedHead(JsonParser json) {
    ManifestJson.Head head = new ManifestJson.Head();
    if (json.nextToken() == JsonToken.START_OBJECT) {
      for (String member = json.nextName(); member != null; member = json.nextName()) {
        json.nextToken();
        if (!head.take(member, json)) {
          json.skipChildren();
        }
      }
    }
    return head;
  }

  /**
   * @throws CorruptBackupException when it is none
   * @throws EncryptionKeyException when a key is not there that it is encrypted with
   */
  static Pointer decode(byte[] bytes, String name, EncryptionKeys keys) {
    ManifestJson.Head head = new ManifestJson.Head();
    BackupId id = null;
    String sha256 = null;
    long stored = 0;
    boolean conditional = true;
    String sealed = null;
    try (JsonParser json =
        JsonMapper.shared().createParser(new String(bytes, StandardCharsets.UTF_8))) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw damaged(name, "it is no JSON object", null);
      }
      for (String member = json.nextName(); member != null; member = json.nextName()) {
        json.nextToken();
        if (!head.take(member, json)) {
          switch (member) {
            case "format" -> {
              if (json.getIntValue() > ManifestJson.FORMAT) {
                throw damaged(
                    name,
                    "it has format "
                        + json.getIntValue()
                        + ", and this version of Liferaft reads "
                        + ManifestJson.FORMAT
                        + ": use a newer one",
                    null);
              }
            }
            case "manifest" -> id = BackupId.parse(json.getString()).orElse(null);
            case "manifestSha256" -> sha256 = json.getString();
            case "storedBytes" -> stored = json.getLongValue();
            case "conditional" -> conditional = json.getBooleanValue();
            case "sealed" -> sealed = json.getString();
            default -> json.skipChildren();
          }
        }
      }
    } catch (JacksonException | java.time.DateTimeException e) {
      throw damaged(name, String.valueOf(e.getMessage()), e);
    }
    if (id == null || sha256 == null) {
      throw damaged(name, "it names no manifest", null);
    }
    if (sealed == null) {
      return new Pointer(id, head.manifest(), sha256, stored, conditional, null);
    }
    try (ByteArrayInputStream in = new ByteArrayInputStream(Base64.getDecoder().decode(sealed))) {
      if (!Envelope.begins(in.readNBytes(Envelope.magicBytes()))) {
        throw damaged(name, "what is sealed in it is not", null);
      }
      Envelope.Opened opened = Envelope.open(in, keys, purpose(id), name);
      try (JsonParser json = JsonMapper.shared().createParser(opened.plain().readAllBytes())) {
        BackupManifest told = openedHead(json).manifest();
        return new Pointer(id, told, sha256, stored, conditional, opened.key());
      }
    } catch (IOException
        | IllegalArgumentException
        | JacksonException
        | java.time.DateTimeException e) {
      throw damaged(name, String.valueOf(e.getMessage()), e);
    }
  }

  private static CorruptBackupException damaged(
      String name, String why, @Nullable Throwable cause) {
    return new CorruptBackupException(name + " is damaged: " + why, cause);
  }
}
