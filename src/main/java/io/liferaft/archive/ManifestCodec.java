package io.liferaft.archive;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A manifest as the metadata of an object. Values are visible ASCII, everything else
 * percent-encoded; all together stay below the 2 KB that S3 keeps. Reading takes what it can: what
 * is missing or makes no sense is unknown, because the backup itself may still be good.
 */
final class ManifestCodec {

  /** rqlite's key for the same thing; with it rqlite can continue from our backup. */
  static final String RQLITE_ID = "x-rqlite-auto-backup-id";

  private static final String PREFIX = "liferaft-";
  private static final String CLUSTER_ID = PREFIX + "cluster-id";
  private static final String GENERATION = PREFIX + "generation";
  private static final String TERM = PREFIX + "term";
  private static final String CHANGE_INDEX = PREFIX + "change-index";
  private static final String SHA256 = PREFIX + "sha256";
  private static final String SIZE = PREFIX + "size";
  private static final String EMPTY = PREFIX + "empty";
  private static final String USED = PREFIX + "used";
  private static final String MEMBERS = PREFIX + "members";
  private static final String SQLITE_VERSION = PREFIX + "sqlite-version";
  private static final String LIFERAFT_VERSION = PREFIX + "version";
  private static final String CREATED = PREFIX + "created";

  /** S3 counts 2,048 bytes for names and values; some stores count the header's prefix, too. */
  private static final int MAX_BYTES = 1_800;

  private static final Predicate<String> HEX_256 =
      Pattern.compile("[0-9a-f]{64}").asMatchPredicate();

  private ManifestCodec() {}

  /**
   * @throws IllegalArgumentException when even without members it does not fit
   */
  static Map<String, String> encode(BackupManifest manifest) {
    Map<String, String> metadata = new LinkedHashMap<>();
    putText(metadata, CLUSTER_ID, manifest.clusterId());
    putText(metadata, GENERATION, manifest.generation());
    metadata.put(TERM, Long.toString(manifest.term()));
    metadata.put(CHANGE_INDEX, Long.toString(manifest.changeIndex()));
    putText(metadata, SHA256, manifest.sha256());
    if (manifest.sizeBytes() >= 0) {
      metadata.put(SIZE, Long.toString(manifest.sizeBytes()));
    }
    metadata.put(EMPTY, Boolean.toString(manifest.empty()));
    if (manifest.usedBytes() >= 0) {
      metadata.put(USED, Long.toString(manifest.usedBytes()));
    }
    putText(metadata, SQLITE_VERSION, manifest.sqliteVersion());
    putText(metadata, LIFERAFT_VERSION, manifest.liferaftVersion());
    if (manifest.created() != null) {
      metadata.put(CREATED, manifest.created().toString());
    }
    metadata.put(RQLITE_ID, Long.toString(manifest.changeIndex()));
    int left = MAX_BYTES - bytes(metadata);
    if (left < 0) {
      throw new IllegalArgumentException(
          "the manifest is " + -left + " bytes too long for S3's metadata");
    }
    putMembers(metadata, manifest.members(), left - MEMBERS.length());
    return metadata;
  }

  static BackupManifest decode(Map<String, String> metadata) {
    String sha256 = text(metadata, SHA256);
    return new BackupManifest(
        text(metadata, CLUSTER_ID),
        text(metadata, GENERATION),
        number(metadata, TERM, 0),
        number(metadata, CHANGE_INDEX, 0),
        sha256 != null && HEX_256.test(sha256) ? sha256 : null,
        number(metadata, SIZE, -1),
        "true".equals(metadata.get(EMPTY)),
        number(metadata, USED, -1),
        members(metadata),
        text(metadata, SQLITE_VERSION),
        text(metadata, LIFERAFT_VERSION),
        instant(metadata));
  }

  private static void putText(Map<String, String> metadata, String key, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      metadata.put(key, escape(value));
    }
  }

  /** The first ones as far as there is room: each is one more to ask before a restore. */
  private static void putMembers(Map<String, String> metadata, List<String> members, int room) {
    StringBuilder joined = new StringBuilder();
    for (String member : members) {
      String escaped = escape(member);
      if (joined.length() + escaped.length() + 1 > room) {
        break;
      }
      joined.append(joined.isEmpty() ? "" : ",").append(escaped);
    }
    if (!joined.isEmpty()) {
      metadata.put(MEMBERS, joined.toString());
    }
  }

  private static List<String> members(Map<String, String> metadata) {
    List<String> members = new ArrayList<>();
    for (String member : metadata.getOrDefault(MEMBERS, "").split(",", -1)) {
      String name = unescape(member.strip());
      if (name != null && !name.isEmpty()) {
        members.add(name);
      }
    }
    return members;
  }

  private static @Nullable String text(Map<String, String> metadata, String key) {
    String value = metadata.get(key);
    return value == null || value.isBlank() ? null : unescape(value);
  }

  private static long number(Map<String, String> metadata, String key, long unknown) {
    try {
      long value = Long.parseLong(metadata.getOrDefault(key, ""));
      return value < 0 ? unknown : value;
    } catch (NumberFormatException _) {
      return unknown;
    }
  }

  private static @Nullable Instant instant(Map<String, String> metadata) {
    try {
      return Instant.parse(metadata.getOrDefault(CREATED, ""));
    } catch (DateTimeException _) {
      return null;
    }
  }

  private static String escape(String value) {
    StringBuilder escaped = new StringBuilder();
    for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
      if (b > ' ' && b < 0x7f && b != '%' && b != ',') {
        escaped.append((char) b);
      } else {
        escaped.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
      }
    }
    return escaped.toString();
  }

  /** Null when the percent signs make no sense. */
  private static @Nullable String unescape(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    byte[] plain = new byte[bytes.length];
    int length = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] != '%') {
        plain[length++] = bytes[i];
        continue;
      }
      int high = i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = i + 2 < bytes.length ? Character.digit(bytes[i + 2], 16) : -1;
      if (high < 0 || low < 0) {
        return null;
      }
      plain[length++] = (byte) (high << 4 | low);
      i += 2;
    }
    return new String(plain, 0, length, StandardCharsets.UTF_8);
  }

  private static int bytes(Map<String, String> metadata) {
    return metadata.entrySet().stream()
        .mapToInt(entry -> entry.getKey().length() + entry.getValue().length())
        .sum();
  }
}
