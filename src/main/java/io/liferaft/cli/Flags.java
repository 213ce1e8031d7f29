package io.liferaft.cli;

import static io.liferaft.cli.Kind.DURATION;
import static io.liferaft.cli.Kind.NUMBER;
import static io.liferaft.cli.Kind.SWITCH;
import static io.liferaft.cli.Kind.TEXT;

import io.liferaft.cli.Treatment.Harmless;
import io.liferaft.cli.Treatment.Never;
import io.liferaft.cli.Treatment.Prints;
import io.liferaft.cli.Treatment.Sets;
import io.liferaft.cli.Treatment.Translation;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.boot.convert.DurationStyle;

/** Every flag of rqlited 10.2 (and the metrics push of 10.3), in the order of its help. */
final class Flags {

  private static final String DATA_DIR = "liferaft.node.data-dir";
  private static final String ELECTION = "liferaft.raft.election-timeout";

  private static final String PROFILES = "Java has its own: jcmd, JFR";
  private static final String PUSH = "metrics are fetched, at /actuator/prometheus";

  private static final List<Flag> ALL =
      List.of(
          flag("h", SWITCH, "", "show this help", new Prints()),
          flag("help", SWITCH, "", "show this help", new Prints()),
          flag("version", SWITCH, "", "show the version", new Prints()),
          sets("node-id", TEXT, "", "name of this node, for ever", "liferaft.node.id"),
          flag(
              "http-addr",
              TEXT,
              "localhost:4001",
              "host:port HTTP listens at",
              new Sets(List.of("server.address", "server.port"), Flags::httpAddress)),
          sets(
              "http-adv-addr",
              TEXT,
              "",
              "host:port others reach HTTP at",
              "liferaft.node.advertised-http-address"),
          sets(
              "http-allow-origin",
              TEXT,
              "",
              "Access-Control-Allow-Origin of every answer",
              "liferaft.http.allow-origin"),
          flag("http-cert", TEXT, "", "certificate of HTTPS", TlsFlags.httpCertificate()),
          flag("http-key", TEXT, "", "private key of HTTPS", TlsFlags.httpKey()),
          flag(
              "http-ca-cert",
              TEXT,
              "",
              "who signs clients' certificates",
              TlsFlags.httpAuthority()),
          flag("http-verify-client", SWITCH, "false", "mutual TLS", TlsFlags.httpClients()),
          sets(
              "http-verify-common-name",
              TEXT,
              "",
              "name of clients",
              "liferaft.http.verify-common-name"),
          sets("auth", TEXT, "", "file of users and permissions", "liferaft.security.auth-file"),
          flag("node-cert", TEXT, "", "certificate between nodes", TlsFlags.nodeCertificate()),
          flag("node-key", TEXT, "", "private key between nodes", TlsFlags.nodeKey()),
          flag("node-ca-cert", TEXT, "", "who signs nodes' certificates", TlsFlags.nodeAuthority()),
          flag("node-no-verify", SWITCH, "false", "trust every node", TlsFlags.trustEveryNode()),
          sets(
              "node-verify-client",
              SWITCH,
              "false",
              "mutual TLS",
              "liferaft.raft.tls.verify-client"),
          sets(
              "node-verify-server-name",
              TEXT,
              "",
              "name of nodes",
              "liferaft.raft.tls.verify-server-name"),
          sets(
              "node-verify-common-name",
              TEXT,
              "",
              "name of nodes",
              "liferaft.raft.tls.verify-common-name"),
          sets(
              "raft-addr",
              TEXT,
              "localhost:4002",
              "host:port the Raft port binds to",
              "liferaft.raft.address"),
          sets(
              "raft-adv-addr",
              TEXT,
              "",
              "host:port other nodes reach it at",
              "liferaft.raft.advertised-address"),
          sets("join", TEXT, "", "members to join through", "liferaft.raft.join"),
          sets("join-attempts", NUMBER, "5", "rounds of joining", "liferaft.raft.join-attempts"),
          sets("join-interval", DURATION, "3s", "time between them", "liferaft.raft.join-interval"),
          sets("join-as", TEXT, "", "user that joins", "liferaft.security.join-as"),
          sets(
              "bootstrap-expect",
              NUMBER,
              "0",
              "nodes that found a cluster together",
              "liferaft.raft.bootstrap-expect"),
          sets(
              "bootstrap-expect-timeout",
              DURATION,
              "120s",
              "time for founding",
              "liferaft.raft.bootstrap-expect-timeout"),
          sets(
              "raft-non-voter",
              SWITCH,
              "false",
              "a copy that does not vote",
              "liferaft.raft.non-voter"),
          flag(
              "cluster-connect-timeout",
              DURATION,
              "30s",
              "first contact with a node",
              new Harmless("a node asks the others until they answer")),
          flag(
              "compress-snap-transport",
              SWITCH,
              "false",
              "compress copies between nodes",
              new Harmless("copies between nodes are sent as they are")),
          flag(
              "disco-mode",
              TEXT,
              "",
              "how members are found: dns or dns-srv",
              new Sets(List.of("liferaft.raft.discovery.mode"), DiscoveryFlags::mode)),
          flag(
              "disco-key",
              TEXT,
              "rqlite",
              "key in Consul or etcd",
              new Never("members are found by DNS")),
          flag(
              "disco-config",
              TEXT,
              "",
              "JSON, or a file of it: name, and port or service",
              new Sets(
                  List.of(
                      "liferaft.raft.discovery.name",
                      "liferaft.raft.discovery.port",
                      "liferaft.raft.discovery.service"),
                  DiscoveryFlags::config)),
          flag(
              "raft-log-level",
              TEXT,
              "WARN",
              "verbosity of the Raft library",
              new Sets(List.of("logging.level.org.apache.ratis"), Flags::logLevel)),
          sets(
              "raft-snap",
              NUMBER,
              "8192",
              "log entries until a snapshot",
              "liferaft.raft.snapshot.entries"),
          flag(
              "raft-snap-wal-size",
              NUMBER,
              "4194304",
              "bytes of SQLite's WAL until a snapshot, 0 for any",
              new Sets(List.of("liferaft.raft.snapshot.wal-size"), Flags::walSize)),
          flag(
              "raft-snap-int",
              DURATION,
              "10s",
              "how often that is looked at",
              new Harmless("it is looked at all the time")),
          flag(
              "raft-leader-lease-timeout",
              DURATION,
              "0s",
              "lease of the leader",
              new Harmless("it is a quarter of the election time-out")),
          flag(
              "raft-heartbeat-timeout",
              DURATION,
              "1s",
              "silence before an election",
              new Sets(List.of(ELECTION), Flags::election)),
          flag(
              "raft-commit-timeout",
              DURATION,
              "50ms",
              "longest wait before an entry is sent",
              new Harmless("entries are sent at once")),
          flag(
              "raft-election-timeout",
              DURATION,
              "1s",
              "silence during an election; the longer of both counts",
              new Sets(List.of(ELECTION), Flags::election)),
          flag(
              "raft-apply-timeout",
              DURATION,
              "10s",
              "longest wait for the log",
              new Harmless("a write waits 30s at most")),
          flag(
              "raft-remove-shutdown",
              SWITCH,
              "false",
              "stop once removed",
              new Harmless("a node that is removed always leaves its group")),
          sets(
              "raft-cluster-remove-shutdown",
              SWITCH,
              "false",
              "leave the cluster on a clean stop",
              "liferaft.raft.remove-on-shutdown"),
          flag(
              "raft-shutdown-stepdown",
              SWITCH,
              "true",
              "hand leadership on before a stop",
              new Harmless("a leader that stops always hands leadership on")),
          flag(
              "raft-reap-node-timeout",
              DURATION,
              "0s",
              "remove silent voters",
              new Sets(
                  List.of("liferaft.raft.reap.voters-after"),
                  Flags.unlessZero("liferaft.raft.reap.voters-after"))),
          flag(
              "raft-reap-read-only-node-timeout",
              DURATION,
              "0s",
              "remove silent non-voters",
              new Sets(
                  List.of("liferaft.raft.reap.non-voters-after"),
                  Flags.unlessZero("liferaft.raft.reap.non-voters-after"))),
          sets(
              "fk",
              SWITCH,
              "false",
              "enforce foreign keys in a cluster founded now",
              "liferaft.raft.foreign-keys"),
          sets(
              "db-max-ro-conns",
              NUMBER,
              "256",
              "most queries that run at a time",
              "liferaft.sqlite.max-readers"),
          sets(
              "auto-vacuum-int",
              DURATION,
              "0s",
              "time between VACUUMs",
              "liferaft.maintenance.vacuum-interval"),
          sets(
              "auto-optimize-int",
              DURATION,
              "24h",
              "time between looks for tables to ANALYZE, 0h for never",
              "liferaft.maintenance.analyze-interval"),
          flag(
              "extensions-path",
              TEXT,
              "",
              "SQLite extensions",
              new Never("native code from outside is not loaded")),
          sets(
              "write-queue-capacity",
              NUMBER,
              "1024",
              "length of the queue",
              "liferaft.queue.capacity"),
          sets(
              "write-queue-batch-size",
              NUMBER,
              "128",
              "writes per batch",
              "liferaft.queue.batch-size"),
          sets("write-queue-timeout", DURATION, "50ms", "longest wait", "liferaft.queue.timeout"),
          sets(
              "write-queue-tx",
              SWITCH,
              "false",
              "a batch is a transaction",
              "liferaft.queue.transaction"),
          sets(
              "auto-backup",
              TEXT,
              "",
              "JSON file that describes the backup",
              "liferaft.backup.rqlite-config"),
          sets(
              "auto-restore",
              TEXT,
              "",
              "JSON file that describes the restore",
              "liferaft.restore.rqlite-config"),
          sets(
              "cdc-config",
              TEXT,
              "",
              "where row changes go: an address, stdout, or a JSON file",
              "liferaft.cdc.config"),
          flag("otlp-endpoint", TEXT, "", "OpenTelemetry collector", new Never(PUSH)),
          flag("otlp-metrics-interval", DURATION, "30s", "how often", new Never(PUSH)),
          flag("otlp-insecure", SWITCH, "false", "without TLS", new Never(PUSH)),
          flag("otlp-no-verify", SWITCH, "false", "trust every collector", new Never(PUSH)),
          flag("otlp-ca-cert", TEXT, "", "who signs its certificate", new Never(PUSH)),
          flag("otlp-cert", TEXT, "", "own certificate", new Never(PUSH)),
          flag("otlp-key", TEXT, "", "own private key", new Never(PUSH)),
          flag("cpu-profile", TEXT, "", "file of a CPU profile", new Never(PROFILES)),
          flag("mem-profile", TEXT, "", "file of a memory profile", new Never(PROFILES)),
          flag("trace-profile", TEXT, "", "file of a trace", new Never(PROFILES)));

  private static final Pattern HTTP =
      Pattern.compile("(\\[[^\\[\\]]*]|[^:\\[\\]/\\s]*):(\\d{1,9})");
  private static final List<String> LEVELS = List.of("TRACE", "DEBUG", "INFO", "WARN", "ERROR");

  /** Behind the positional argument. */
  static final Translation DATA_DIRECTORY = (settings, value) -> settings.put(DATA_DIR, value);

  private Flags() {}

  static List<Flag> all() {
    return ALL;
  }

  static Optional<Flag> named(String name) {
    return ALL.stream().filter(flag -> flag.name().equals(name)).findFirst();
  }

  private static Flag flag(
      String name, Kind kind, String standard, String meaning, Treatment treatment) {
    return new Flag(name, kind, standard, meaning, treatment);
  }

  /** The value of the property is that of the flag; an empty one leaves the property alone. */
  private static Flag sets(
      String name, Kind kind, String standard, String meaning, String property) {
    Translation translation =
        (settings, value) -> {
          if (!value.isEmpty()) {
            settings.put(property, value);
          }
        };
    return flag(name, kind, standard, meaning, new Sets(List.of(property), translation));
  }

  /** Nothing, when it is off. */
  private static Translation unlessZero(String property) {
    return (settings, value) -> {
      if (!value.equals(DURATION.zero())) {
        settings.put(property, value);
      }
    };
  }

  private static void httpAddress(Map<String, String> settings, String value) {
    if (value.isEmpty()) {
      return;
    }
    if (value.regionMatches(true, 0, "http", 0, 4)
        && (value.startsWith("://", 4) || value.startsWith("s://", 4))) {
      throw new IllegalArgumentException(
          "HTTP options should not include protocol (http:// or https://)");
    }
    Matcher address = HTTP.matcher(value);
    if (!address.matches()) {
      throw new IllegalArgumentException(
          "HTTP bind address not valid: it is host:port, for example localhost:4001");
    }
    if (Integer.parseInt(address.group(2)) > 65_535) {
      throw new IllegalArgumentException(
          "HTTP bind address not valid: the port is above 65535; for example localhost:4001");
    }
    // Java takes an empty host for the loopback, Go for every address.
    String host = address.group(1).isEmpty() ? "0.0.0.0" : address.group(1);
    settings.put("server.address", host);
    settings.put("server.port", address.group(2));
  }

  private static void logLevel(Map<String, String> settings, String value) {
    String level = value.toUpperCase(Locale.ROOT);
    if (!LEVELS.contains(level)) {
      throw new IllegalArgumentException("it is one of " + String.join(", ", LEVELS));
    }
    settings.put("logging.level.org.apache.ratis", level);
  }

  private static void walSize(Map<String, String> settings, String value) {
    String size = value.equals("0") ? Long.toString(Long.MAX_VALUE) : value;
    settings.put("liferaft.raft.snapshot.wal-size", size + "B");
  }

  /** One time-out plays the part of both. */
  private static void election(Map<String, String> settings, String value) {
    settings.merge(ELECTION, value, (one, other) -> nanos(one) >= nanos(other) ? one : other);
  }

  private static long nanos(String canonical) {
    return DurationStyle.SIMPLE.parse(canonical).toNanos();
  }
}
