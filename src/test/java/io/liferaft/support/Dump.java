package io.liferaft.support;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import tools.jackson.databind.JsonNode;

/** All that a node holds, read from that node alone over SQL, as one hash. */
public final class Dump {

  private Dump() {}

  /** Schema and every row of every table. */
  public static String sha256(RqliteClient node) {
    MessageDigest digest = newSha256();
    String schema =
        node.query("none", "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2");
    digest.update(schema.getBytes(StandardCharsets.UTF_8));
    for (JsonNode object : RqliteClient.json(schema)) {
      if (object.get(0).stringValue().equals("table")) {
        String table = object.get(1).stringValue();
        String rows = node.query("none", "SELECT * FROM \"%s\" ORDER BY 1".formatted(table));
        digest.update(rows.getBytes(StandardCharsets.UTF_8));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
