package io.liferaft.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * The settings of this node, checked and with defaults that depend on each other filled in.
 *
 * @param foreignKeys whether a cluster founded by this node enforces foreign keys
 * @param initialCluster Raft address by node id, this node included, in the order given
 * @param cutting when the log is cut
 * @param join how a cluster is found that is not in that list
 * @param leaving when nodes leave the cluster
 */
record NodeConfig(
    String id,
    Path dataDir,
    String httpAddress,
    boolean https,
    HostPort raftBind,
    String raftAddress,
    Map<String, String> initialCluster,
    Duration electionTimeout,
    boolean foreignKeys,
    LogCutting cutting,
    JoinPlan join,
    Leaving leaving,
    PeerTls tls) {

  private static final Duration SHORTEST_ELECTION = Duration.ofMillis(100);
  private static final Duration LONGEST_ELECTION = Duration.ofMinutes(1);

  /**
   * Checks and completes settings.
   *
   * @throws InvalidConfigurationPropertyValueException naming the property, its value and a valid
   *     one
   */
  static NodeConfig of(
      NodeProperties node,
      ClusterProperties cluster,
      @Nullable String serverAddress,
      int port,
      boolean https,
      PeerTls tls) {
    HostPort bind =
        address("liferaft.raft.address", cluster.address(), HostPort::parseBind, "127.0.0.1:4002");
    String raftAddress =
        advertised(
            "liferaft.raft.advertised-address",
            cluster.advertisedAddress(),
            "liferaft.raft.address",
            bind,
            "node1.example.org:4002");
    HostPort httpBind = new HostPort(host(serverAddress), port);
    String httpAddress =
        advertised(
            "liferaft.node.advertised-http-address",
            node.advertisedHttpAddress(),
            "server.address",
            httpBind,
            "node1.example.org:4001");
    String id = node.id() == null || node.id().isBlank() ? raftAddress : node.id().strip();
    if (id.matches(".*[~,=\\s\"].*") || id.length() > 200) {
      throw refused(
          "liferaft.node.id", id, "an id has no blank, '~', ',', '=' or '\"', for example n1");
    }
    Path dataDir = dataDir(node.dataDir());
    checkBelongs(dataDir, id);
    Duration election = cluster.electionTimeout();
    if (election.compareTo(SHORTEST_ELECTION) < 0 || election.compareTo(LONGEST_ELECTION) > 0) {
      throw refused(
          "liferaft.raft.election-timeout", election, "between 100ms and 1m, for example 1s");
    }
    return new NodeConfig(
        id,
        dataDir,
        httpAddress,
        https,
        bind,
        raftAddress,
        initialCluster(cluster.initialCluster(), id, raftAddress),
        election,
        cluster.foreignKeys(),
        LogCutting.of(cluster.snapshot()),
        JoinSettings.plan(cluster, raftAddress),
        JoinSettings.leaving(cluster),
        tls);
  }

  /** Under which clients reach this node. */
  String httpUrl() {
    return (https ? "https://" : "http://") + httpAddress;
  }

  private static String host(@Nullable String serverAddress) {
    if (serverAddress == null || serverAddress.isBlank()) {
      return "0.0.0.0";
    }
    String host = serverAddress.strip();
    return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
  }

  private static Path dataDir(String text) {
    try {
      if (text.isBlank()) {
        throw new InvalidPathException(text, "it is empty");
      }
      if (text.contains(",")) {
        throw new InvalidPathException(
            text, "one directory is wanted, without a comma in its path");
      }
      Path folder = Path.of(text).toAbsolutePath().normalize();
      if (Files.exists(folder) && !Files.isDirectory(folder)) {
        throw new InvalidPathException(text, "it is a file, not a directory");
      }
      return folder;
    } catch (InvalidPathException e) {
      throw refused(
          "liferaft.node.data-dir", text, e.getReason() + ", for example /var/lib/liferaft");
    }
  }

  /** One that cannot be read is for the node to tell. */
  private static void checkBelongs(Path dataDir, String id) {
    Optional<NodeIdentity> known;
    try {
      known = NodeIdentity.read(dataDir);
    } catch (IOException _) {
      return;
    }
    if (known.isPresent() && !known.get().id().equals(id)) {
      throw refused(
          "liferaft.node.id",
          id,
          "the data directory %s belongs to node %s: set liferaft.node.id=%s, or another liferaft.node.data-dir"
              .formatted(dataDir, known.get().id(), known.get().id()));
    }
  }

  private static Map<String, String> initialCluster(
      @Nullable String text, String id, String raftAddress) {
    if (text == null || text.isBlank()) {
      return Map.of(id, raftAddress);
    }
    String key = "liferaft.raft.initial-cluster";
    String valid = "for example n1=host1:4002,n2=host2:4002,n3=host3:4002";
    Map<String, String> members = new LinkedHashMap<>();
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      if (equals < 1) {
        throw refused(key, text, "'" + part + "' is not of the form id=host:port; " + valid);
      }
      String address;
      try {
        address = HostPort.parse(part.substring(equals + 1)).toString();
      } catch (IllegalArgumentException e) {
        throw refused(key, text, "'%s' is %s; %s".formatted(part, e.getMessage(), valid));
      }
      if (members.put(part.substring(0, equals).strip(), address) != null) {
        throw refused(key, text, "'" + part + "' names an id again; " + valid);
      }
    }
    if (Map.copyOf(members).values().stream().distinct().count() != members.size()) {
      throw refused(key, text, "two ids have the same address; " + valid);
    }
    String own = members.get(id);
    if (own == null) {
      throw refused(
          key, text, "it does not name this node, liferaft.node.id=%s; %s".formatted(id, valid));
    }
    if (!own.equals(raftAddress)) {
      throw refused(
          key,
          text,
          "it gives this node (%s) another address than liferaft.raft.advertised-address, %s"
              .formatted(id, raftAddress));
    }
    return Collections.unmodifiableMap(members);
  }

  private static String advertised(
      String key, @Nullable String value, String bindKey, HostPort bind, String example) {
    if (value == null || value.isBlank()) {
      if (bind.wildcard()) {
        throw refused(
            key,
            "",
            "%s is a wildcard (%s), so it must say under which address others reach this node, for example %s"
                .formatted(bindKey, bind.host(), example));
      }
      return bind.toString();
    }
    HostPort advertised = address(key, value, HostPort::parse, example);
    if (advertised.wildcard()) {
      throw refused(key, value, "a wildcard cannot be reached by others; for example " + example);
    }
    return advertised.toString();
  }

  private static HostPort address(
      String key, String value, Function<String, HostPort> form, String example) {
    try {
      return form.apply(value);
    } catch (IllegalArgumentException e) {
      throw refused(key, value, e.getMessage() + ", for example " + example);
    }
  }

  static InvalidConfigurationPropertyValueException refused(
      String key, Object value, String reason) {
    return new InvalidConfigurationPropertyValueException(key, value, reason);
  }
}
