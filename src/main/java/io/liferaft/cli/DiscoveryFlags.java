package io.liferaft.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** rqlite's flags of discovery, in the words of our settings. */
final class DiscoveryFlags {

  private static final String PREFIX = "liferaft.raft.discovery.";

  /** In place of what DNS would say, for dns and dns-srv. */
  static final String HOSTS = "RQLITE_DISCO_DNS_HOSTS";

  private DiscoveryFlags() {}

  static void mode(Map<String, String> settings, String value) {
    switch (value) {
      case "" -> {}
      case "dns", "dns-srv" -> {
        settings.put(PREFIX + "mode", value);
        String hosts = System.getenv(HOSTS);
        if (hosts != null && !hosts.isBlank()) {
          settings.put(PREFIX + "hosts", hosts);
        }
      }
      case "consul-kv", "etcd-kv" ->
          throw new IllegalArgumentException("members are found by DNS here: dns or dns-srv");
      default -> throw new IllegalArgumentException("it is dns or dns-srv");
    }
  }

  /** A file, or the JSON itself. */
  static void config(Map<String, String> settings, String value) {
    if (value.isEmpty()) {
      return;
    }
    JsonNode root =
        RqliteConfigFile.root(text(value), System::getenv, Set.of("name", "port", "service"));
    put(settings, "name", root.get("name"));
    put(settings, "service", root.get("service"));
    JsonNode port = root.get("port");
    if (port != null && !port.isNull()) {
      if (!port.isIntegralNumber()) {
        throw new IllegalArgumentException("port is a number, for example 4002");
      }
      settings.put(PREFIX + "port", port.asString());
    }
  }

  private static String text(String value) {
    if (value.stripLeading().startsWith("{")) {
      return value;
    }
    try {
      return Files.readString(Path.of(value));
    } catch (IOException | InvalidPathException e) {
      throw new IllegalArgumentException(
          "it is JSON or a file that can be read, for example {\"name\":\"liferaft\"}", e);
    }
  }

  private static void put(Map<String, String> settings, String key, JsonNode value) {
    if (value != null && !value.isNull()) {
      settings.put(PREFIX + key, value.asString());
    }
  }
}
