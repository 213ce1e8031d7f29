package io.liferaft.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What one of rqlite's JSON files says, for automatic backup or restore, in the words of our
 * settings. Whatever it says that they cannot say is refused: a backup that goes elsewhere than
 * meant would be found out when it is needed.
 *
 * @param settings by property
 * @param notices what has no effect
 */
record RqliteConfigFile(Map<String, String> settings, List<String> notices) {

  /** The environment. */
  @FunctionalInterface
  interface Variables {

    /** Null for one that is not set. */
    @Nullable String value(String name);
  }

  private static final int NEWEST_VERSION = 1;

  private static final Pattern VARIABLE =
      Pattern.compile("\\$\\{([^}]*)}|\\$([A-Za-z_][A-Za-z0-9_]*)");

  private static final Pattern IP_ENDPOINT =
      Pattern.compile("https?://(\\d+\\.\\d+\\.\\d+\\.\\d+|\\[[0-9a-fA-F:.]+])(:\\d+)?/?");

  private static final Set<String> BACKUP_KEYS =
      Set.of("version", "type", "interval", "no_compress", "timestamp", "vacuum", "sub");
  private static final Set<String> RESTORE_KEYS =
      Set.of("version", "type", "timeout", "continue_on_failure", "sub");
  private static final Set<String> S3_KEYS =
      Set.of(
          "access_key_id",
          "secret_access_key",
          "region",
          "bucket",
          "path",
          "endpoint",
          "force_path_style");
  private static final Set<String> FILE_KEYS = Set.of("dir", "name");

  /** What both files together have only once, as there is one client of S3. */
  static final String STORE_PREFIX = "spring.cloud.aws.";

  RqliteConfigFile {
    settings = Map.copyOf(settings);
    notices = List.copyOf(notices);
  }

  /**
   * Reads {@code -auto-backup}'s file.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static RqliteConfigFile backup(String text, Variables variables) {
    JsonNode root = root(text, variables, BACKUP_KEYS);
    Map<String, String> settings = new TreeMap<>();
    settings.put("liferaft.backup.target", place(root, settings));
    settings.put("liferaft.backup.interval", interval(root));
    settings.put("liferaft.backup.compress", Boolean.toString(!truth(root, "no_compress")));
    for (String key : List.of("timestamp", "vacuum")) {
      if (truth(root, key)) {
        settings.put("liferaft.backup." + key, "true");
      }
    }
    return new RqliteConfigFile(settings, List.of());
  }

  /**
   * Reads {@code -auto-restore}'s file; see {@link #backup}.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static RqliteConfigFile restore(String text, Variables variables) {
    JsonNode root = root(text, variables, RESTORE_KEYS);
    Map<String, String> settings = new TreeMap<>();
    settings.put("liferaft.restore.source", place(root, settings));
    if (truth(root, "continue_on_failure")) {
      settings.put("liferaft.restore.on-failure", "start-empty");
    }
    List<String> notices = new ArrayList<>();
    if (root.has("timeout")) {
      notices.add("timeout has no effect: a download goes on as long as bytes come");
    }
    return new RqliteConfigFile(settings, notices);
  }

  static JsonNode root(String text, Variables variables, Set<String> keys) {
    JsonNode root;
    try {
      root = JsonMapper.shared().readTree(expand(text, variables));
    } catch (JacksonException e) {
      throw new IllegalArgumentException("it is no JSON: " + e.getOriginalMessage(), e);
    }
    refuseWhen(!root.isObject(), "it is no JSON object");
    JsonNode version = root.path("version");
    refuseWhen(
        !version.isMissingNode() && !(version.isInt() && version.asInt() <= NEWEST_VERSION),
        "invalid version: the newest is " + NEWEST_VERSION);
    onlyKnown(root, keys);
    return root;
  }

  /** As Go's {@code os.ExpandEnv}: a variable that is not set is empty. */
  private static String expand(String text, Variables variables) {
    return VARIABLE
        .matcher(text)
        .replaceAll(found -> {
          String value = variables.value(found.group(1) != null ? found.group(1) : found.group(2));
          return value == null ? "" : Matcher.quoteReplacement(value);
        });
  }

  private static String place(JsonNode root, Map<String, String> settings) {
    JsonNode sub = root.path("sub");
    refuseWhen(!sub.isObject(), "sub is missing: it says where");
    String type = word(root, "type");
    return switch (type) {
      case "s3" -> s3(sub, settings);
      case "file" -> file(sub);
      case "gcs" ->
          throw new IllegalArgumentException(
              "type gcs is not supported: Google's storage can be reached as s3, with an HMAC key and the endpoint https://storage.googleapis.com");
      default ->
          throw new IllegalArgumentException(
              "type is '%s', not one of s3 and file".formatted(type));
    };
  }

  private static String file(JsonNode sub) {
    onlyKnown(sub, FILE_KEYS);
    String folder = needed(sub, "dir");
    String name = needed(sub, "name");
    refuseWhen(!folder.startsWith("/"), "dir is '%s', not an absolute path".formatted(folder));
    refuseWhen(name.contains("/"), "name is '%s', not a plain file name".formatted(name));
    return "file:" + (folder.endsWith("/") ? folder : folder + "/") + name;
  }

  private static String s3(JsonNode sub, Map<String, String> settings) {
    onlyKnown(sub, S3_KEYS);
    String access = word(sub, "access_key_id");
    String secret = word(sub, "secret_access_key");
    refuseWhen(
        access.isEmpty() != secret.isEmpty(),
        "access_key_id and secret_access_key belong together: give both or neither");
    putUnlessEmpty(settings, "credentials.access-key", access);
    putUnlessEmpty(settings, "credentials.secret-key", secret);
    putUnlessEmpty(settings, "region.static", word(sub, "region"));
    String endpoint = word(sub, "endpoint");
    if (!endpoint.isEmpty() && !endpoint.contains("://")) {
      endpoint = "https://" + endpoint;
    }
    putUnlessEmpty(settings, "s3.endpoint", endpoint);
    if (truth(sub, "force_path_style") || IP_ENDPOINT.matcher(endpoint).matches()) {
      settings.put(STORE_PREFIX + "s3.path-style-access-enabled", "true");
    }
    return "s3://" + needed(sub, "bucket") + "/" + needed(sub, "path");
  }

  private static void putUnlessEmpty(Map<String, String> settings, String key, String value) {
    if (!value.isEmpty()) {
      settings.put(STORE_PREFIX + key, value);
    }
  }

  /** A text with its unit, or nanoseconds. */
  private static String interval(JsonNode root) {
    JsonNode node = root.path("interval");
    try {
      String value =
          node.isIntegralNumber()
              ? Kind.DURATION.canonical(node.asLong() + "ns")
              : Kind.DURATION.canonical(word(root, "interval"));
      refuseWhen(value.startsWith("-") || value.equals("0ms"), "interval is not above zero");
      return value;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("interval: " + e.getMessage(), e);
    }
  }

  private static String needed(JsonNode node, String key) {
    String value = word(node, key);
    refuseWhen(value.isEmpty(), key + " is missing");
    return value;
  }

  private static String word(JsonNode node, String key) {
    JsonNode value = node.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    refuseWhen(!value.isString(), key + " is no text");
    return value.asString();
  }

  private static boolean truth(JsonNode node, String key) {
    JsonNode value = node.path(key);
    refuseWhen(
        !value.isMissingNode() && !value.isNull() && !value.isBoolean(),
        key + " is neither true nor false");
    return value.isBoolean() && value.asBoolean();
  }

  private static void onlyKnown(JsonNode node, Set<String> keys) {
    for (String key : node.propertyNames()) {
      refuseWhen(!keys.contains(key), "there is no key '%s'".formatted(key));
    }
  }

  private static void refuseWhen(boolean wrong, String reason) {
    if (wrong) {
      throw new IllegalArgumentException(reason);
    }
  }
}
