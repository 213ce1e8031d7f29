package io.liferaft.archive;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an object tells of its data key: docs/backup-format.md, "Encryption".
 *
 * @param keyId of the key that it is wrapped with
 * @param by how: {@link #AES_256_GCM}, {@link #AWS_KMS}, or what a later version knows
 * @param kmsKey ARN of the key in AWS KMS; null for other ways
 * @param wrapped in base64
 */
record Wrapping(String keyId, String by, @Nullable String kmsKey, String wrapped) {

  static final String AES_256_GCM = "aes-256-gcm";
  static final String AWS_KMS = "aws-kms";

  /** The way that is meant where none is told is not told: so it was before there was another. */
  ObjectNode json() {
    ObjectNode json = JsonMapper.shared().createObjectNode().put("keyId", keyId);
    if (!by.equals(AES_256_GCM)) {
      json.put("wrapping", by);
    }
    if (kmsKey != null) {
      json.put("kmsKey", kmsKey);
    }
    return json.put("wrappedKey", wrapped);
  }

  static Wrapping of(JsonNode json) {
    String kmsKey = json.path("kmsKey").asString("");
    return new Wrapping(
        json.path("keyId").asString(""),
        json.path("wrapping").asString(AES_256_GCM),
        kmsKey.isEmpty() ? null : kmsKey,
        json.path("wrappedKey").asString(""));
  }

  /** The key for a sentence. */
  String named() {
    return "the key of id " + keyId + (kmsKey == null ? "" : " (in AWS KMS " + kmsKey + ")");
  }
}
