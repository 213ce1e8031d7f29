package io.liferaft.raft;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/** Checks and completes the settings of joining, discovery and leaving. */
final class JoinSettings {

  private static final String PREFIX = "liferaft.raft.";
  private static final int MOST_NODES = 99;

  private JoinSettings() {}

  static JoinPlan plan(ClusterProperties cluster, String raftAddress) {
    JoinPlan.Contacts contacts = contacts(cluster, raftAddress);
    boolean joins = !(contacts instanceof JoinPlan.Contacts.None);
    int expect = cluster.bootstrapExpect();
    if (joins && cluster.initialCluster() != null && !cluster.initialCluster().isBlank()) {
      throw refused(
          "initial-cluster",
          cluster.initialCluster(),
          "a node has a list of members, or joins, or discovers; give one of initial-cluster, join and discovery.mode");
    }
    if (expect < 0 || expect > MOST_NODES) {
      throw refused("bootstrap-expect", expect, "between 0 and 99, for example 3");
    }
    if (expect > 0 && !joins) {
      throw refused(
          "bootstrap-expect", expect, "it needs liferaft.raft.join, for example h1:4002,h2:4002");
    }
    if (expect > 0 && cluster.nonVoter()) {
      throw refused("bootstrap-expect", expect, "a node that does not vote founds nothing: 0");
    }
    if (cluster.nonVoter() && !joins) {
      throw refused(
          "non-voter",
          true,
          "a node that does not vote needs liferaft.raft.join, for example h1:4002");
    }
    boolean discovers = joins && !(contacts instanceof JoinPlan.Contacts.Addresses);
    if (discovers && expect == 0 && !cluster.nonVoter()) {
      throw refused(
          "bootstrap-expect", 0, "discovery needs it on a node that votes, for example 3");
    }
    if (cluster.joinAttempts() < 1) {
      throw refused("join-attempts", cluster.joinAttempts(), "at least 1, for example 5");
    }
    positive("join-interval", cluster.joinInterval(), "3s");
    positive("bootstrap-expect-timeout", cluster.bootstrapExpectTimeout(), "120s");
    return new JoinPlan(
        contacts,
        cluster.joinAttempts(),
        cluster.joinInterval(),
        expect,
        cluster.bootstrapExpectTimeout(),
        cluster.nonVoter());
  }

  private static JoinPlan.Contacts contacts(ClusterProperties cluster, String raftAddress) {
    ClusterProperties.Discovery discovery = cluster.discovery();
    String join = cluster.join() == null ? "" : cluster.join();
    boolean listed = !join.isBlank();
    if (discovery.mode() == ClusterProperties.DiscoveryMode.NONE) {
      return listed
          ? addresses("join", join, cluster.bootstrapExpect() == 0 ? raftAddress : null)
          : new JoinPlan.Contacts.None();
    }
    if (listed) {
      throw refused("join", join, "discovery.mode finds the members: give one of them");
    }
    String hosts = discovery.hosts();
    if (hosts != null && !hosts.isBlank()) {
      return addresses("discovery.hosts", hosts, null);
    }
    String name = discovery.name();
    if (name == null || name.isBlank()) {
      throw refused("discovery.name", "", "a DNS name is wanted, for example liferaft.default.svc");
    }
    if (discovery.mode() == ClusterProperties.DiscoveryMode.DNS) {
      int own = HostPort.parse(raftAddress).port();
      int port = discovery.port() == null ? own : discovery.port();
      if (port < 1 || port > 65535) {
        throw refused("discovery.port", port, "between 1 and 65535, for example 4002");
      }
      return new JoinPlan.Contacts.DnsName(name.strip(), port);
    }
    String service = discovery.service();
    if (service == null || service.isBlank()) {
      throw refused("discovery.service", "", "a service name is wanted, for example raft");
    }
    return new JoinPlan.Contacts.DnsService(name.strip(), service.strip());
  }

  private static JoinPlan.Contacts.Addresses addresses(
      String key, String text, @Nullable String notThis) {
    List<String> addresses = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String address;
      try {
        address = HostPort.parse(part).toString();
      } catch (IllegalArgumentException e) {
        throw refused(
            key,
            withoutUsers(text),
            withoutUsers(
                "'%s' is %s; for example h1:4002,h2:4002".formatted(part, e.getMessage())));
      }
      if (address.equals(notThis)) {
        throw refused(
            key,
            text,
            "'%s' is this node itself: name other members, for example h1:4002".formatted(part));
      }
      addresses.add(address);
    }
    return new JoinPlan.Contacts.Addresses(addresses);
  }

  /** An address of another kind may bring a user and a password, which nobody is shown. */
  private static String withoutUsers(String text) {
    return text.replaceAll("[^,/'\"\\s]*@", "...@");
  }

  static Leaving leaving(ClusterProperties cluster) {
    positiveOrNull("reap.voters-after", cluster.reap().votersAfter());
    positiveOrNull("reap.non-voters-after", cluster.reap().nonVotersAfter());
    return new Leaving(
        cluster.removeOnShutdown(), cluster.reap().votersAfter(), cluster.reap().nonVotersAfter());
  }

  private static void positiveOrNull(String key, @Nullable Duration value) {
    if (value != null) {
      positive(key, value, "72h");
    }
  }

  private static void positive(String key, Duration value, String valid) {
    if (value.isNegative() || value.isZero()) {
      throw refused(key, value, "more than nothing, for example " + valid);
    }
  }

  private static InvalidConfigurationPropertyValueException refused(
      String key, Object value, String reason) {
    return new InvalidConfigurationPropertyValueException(PREFIX + key, value, reason);
  }
}
