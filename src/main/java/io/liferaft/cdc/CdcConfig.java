package io.liferaft.cdc;

import io.liferaft.go.GoDuration;
import io.liferaft.go.GoUrl;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What rqlite's configuration of change data capture says.
 *
 * @param endpoint an {@code http} or {@code https} address, maybe with user and password, or {@code
 *     stdout}
 * @param serviceId told with every batch; empty for none
 * @param tableFilter which tables; null for all
 * @param tls null for what the JDK trusts
 * @param maxBatchSize most commits in a batch
 * @param maxBatchDelay how long a batch waits for more
 * @param maxRetries attempts after the first one until a batch is dropped; -1 for without end
 */
record CdcConfig(
    String endpoint,
    String serviceId,
    boolean rowIdsOnly,
    @Nullable Pattern tableFilter,
    @Nullable Tls tls,
    int maxBatchSize,
    Duration maxBatchDelay,
    Duration highWatermarkInterval,
    Duration transmitTimeout,
    int maxRetries,
    boolean exponential,
    Duration minBackoff,
    Duration maxBackoff) {

  /** How the endpoint is reached over TLS; empty for the JDK's way. */
  record Tls(
      String caCertFile,
      String certFile,
      String keyFile,
      boolean insecureSkipVerify,
      String serverName) {}

  static final String STDOUT = "stdout";

  /** The endpoint for people: without the password. */
  String shownEndpoint() {
    return GoUrl.redacted(endpoint);
  }

  @Override
  public String toString() {
    return "CdcConfig[" + shownEndpoint() + "]";
  }

  private static final String PROPERTY = "liferaft.cdc.config=";
  private static final Set<String> KEYS =
      Set.of(
          "endpoint",
          "service_id",
          "row_ids_only",
          "table_filter",
          "tls",
          "max_batch_size",
          "max_batch_delay",
          "high_watermark_interval",
          "transmit_timeout",
          "transmit_max_retries",
          "transmit_retry_policy",
          "transmit_min_backoff",
          "transmit_max_backoff");
  private static final Set<String> TLS_KEYS =
      Set.of("ca_cert_file", "cert_file", "key_file", "insecure_skip_verify", "server_name");

  /**
   * Reads what the setting names; null when it is empty.
   *
   * @throws IllegalArgumentException saying what is wrong, and a valid one
   */
  static @Nullable CdcConfig of(String setting) {
    if (setting.isEmpty()) {
      return null;
    }
    if (setting.equals(STDOUT) || isAddress(setting)) {
      return parse(setting, JsonMapper.shared().createObjectNode().put("endpoint", setting));
    }
    JsonNode root;
    try {
      root = JsonMapper.shared().readTree(Files.readString(Path.of(setting)));
    } catch (JacksonException e) {
      throw refused(setting, "is no JSON: " + e.getOriginalMessage());
    } catch (IOException | RuntimeException e) {
      throw refused(setting, "cannot be read: " + e);
    }
    return parse(setting, root);
  }

  private static boolean isAddress(String text) {
    return text.startsWith("http://") || text.startsWith("https://");
  }

  private static IllegalArgumentException refused(String setting, String reason) {
    return new IllegalArgumentException(
        PROPERTY
            + GoUrl.redacted(setting)
            + " "
            + reason
            + "; valid are https://example.org/changes, stdout and a file with"
            + " {\"endpoint\":\"https://example.org/changes\"}");
  }

  private static CdcConfig parse(String setting, JsonNode root) {
    try {
      refuseUnless(root.isObject(), "is no JSON object");
      onlyKnown(root, KEYS);
      String endpoint = word(root, "endpoint");
      refuseUnless(!endpoint.isEmpty(), "has no endpoint");
      refuseUnless(
          endpoint.equals(STDOUT) || (isAddress(endpoint) && hasHost(endpoint)),
          "has the endpoint '%s', neither an http(s) address nor stdout"
              .formatted(GoUrl.redacted(endpoint)));
      int batch = number(root, "max_batch_size", 10);
      refuseUnless(batch > 0, "has a max_batch_size of %d, not above 0".formatted(batch));
      int retries = number(root, "transmit_max_retries", -1);
      refuseUnless(
          retries >= 0 || !given(root, "transmit_max_retries"),
          "has a transmit_max_retries of %d, below 0".formatted(retries));
      int policy = number(root, "transmit_retry_policy", 0);
      refuseUnless(
          policy == 0 || policy == 1,
          "has a transmit_retry_policy of %d, neither 0 (linear) nor 1 (exponential)"
              .formatted(policy));
      Duration least = duration(root, "transmit_min_backoff", Duration.ofSeconds(1), false);
      Duration most = duration(root, "transmit_max_backoff", Duration.ofSeconds(30), false);
      refuseUnless(
          least.compareTo(most) <= 0, "has a transmit_min_backoff above transmit_max_backoff");
      return new CdcConfig(
          endpoint,
          word(root, "service_id"),
          truth(root, "row_ids_only"),
          filter(word(root, "table_filter")),
          tls(root.path("tls")),
          batch,
          duration(root, "max_batch_delay", Duration.ofMillis(200), true),
          duration(root, "high_watermark_interval", Duration.ofSeconds(1), false),
          duration(root, "transmit_timeout", Duration.ofSeconds(5), false),
          retries,
          policy == 1,
          least,
          most);
    } catch (IllegalArgumentException e) {
      throw refused(setting, String.valueOf(e.getMessage()));
    }
  }

  private static boolean hasHost(String address) {
    try {
      return new URI(address).getHost() != null;
    } catch (URISyntaxException _) {
      return false; // its message has the password
    }
  }

  private static @Nullable Pattern filter(String expression) {
    try {
      return expression.isEmpty() ? null : Pattern.compile(expression);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "has a table_filter that is no regular expression: " + e.getDescription(), e);
    }
  }

  private static @Nullable Tls tls(JsonNode node) {
    if (node.isMissingNode() || node.isNull()) {
      return null;
    }
    refuseUnless(node.isObject(), "has a tls that is no object");
    onlyKnown(node, TLS_KEYS);
    Tls tls =
        new Tls(
            file(node, "ca_cert_file"),
            file(node, "cert_file"),
            file(node, "key_file"),
            truth(node, "insecure_skip_verify"),
            word(node, "server_name"));
    refuseUnless(
        tls.certFile().isEmpty() == tls.keyFile().isEmpty(),
        "has only one of cert_file and key_file");
    return tls;
  }

  private static String file(JsonNode node, String key) {
    String path = word(node, key);
    refuseUnless(
        path.isEmpty() || Files.isReadable(Path.of(path)),
        "has a %s that cannot be read: %s".formatted(key, path));
    return path;
  }

  private static boolean given(JsonNode node, String key) {
    return !node.path(key).isMissingNode() && !node.path(key).isNull();
  }

  private static String word(JsonNode node, String key) {
    if (!given(node, key)) {
      return "";
    }
    refuseUnless(node.path(key).isString(), "has a %s that is no text".formatted(key));
    return node.path(key).asString();
  }

  private static boolean truth(JsonNode node, String key) {
    refuseUnless(
        !given(node, key) || node.path(key).isBoolean(),
        "has a %s that is neither true nor false".formatted(key));
    return given(node, key) && node.path(key).asBoolean();
  }

  private static int number(JsonNode node, String key, int otherwise) {
    if (!given(node, key)) {
      return otherwise;
    }
    refuseUnless(node.path(key).isInt(), "has a %s that is no whole number".formatted(key));
    return node.path(key).asInt();
  }

  /** Nanoseconds, as rqlite has it, or a text with its unit, as its documentation has it. */
  private static Duration duration(
      JsonNode root, String key, Duration otherwise, boolean mayBeZero) {
    if (!given(root, key)) {
      return otherwise;
    }
    JsonNode node = root.path(key);
    Duration value =
        node.isIntegralNumber()
            ? Duration.ofNanos(node.asLong())
            : node.isString() ? GoDuration.parse(node.asString()) : null;
    if (value == null || value.isNegative() || (value.isZero() && !mayBeZero)) {
      throw new IllegalArgumentException(
          "has a %s of %s, neither nanoseconds nor a text like 200ms".formatted(key, node));
    }
    return value;
  }

  private static void onlyKnown(JsonNode node, Set<String> keys) {
    for (String key : node.propertyNames()) {
      refuseUnless(keys.contains(key), "has an unknown key '%s'".formatted(key));
    }
  }

  private static void refuseUnless(boolean right, String reason) {
    if (!right) {
      throw new IllegalArgumentException(reason);
    }
  }
}
