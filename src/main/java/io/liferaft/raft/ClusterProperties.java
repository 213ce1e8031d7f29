package io.liferaft.raft;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The replicated log.
 *
 * @param address host:port that the Raft port binds to; :port for every address
 * @param advertisedAddress host:port under which other nodes reach it; default: the bound one
 * @param initialCluster members of a cluster that is founded now, n1=host:port,n2=host:port; used
 *     only while the data directory holds no Raft state; default: this node alone
 * @param electionTimeout shortest time without a leader before a node stands for election; the
 *     longest is twice that, the heartbeat follows from it
 * @param foreignKeys whether a cluster that is founded now enforces foreign keys; its other nodes,
 *     and those that come later, follow its founder
 * @param snapshot when the log is cut
 * @param join Raft addresses host:port,host:port of members to enter the cluster through, in place
 *     of a list of members; on a restart a member goes on without them; default: none
 * @param joinAttempts rounds of asking all of them until a node without data gives up and ends
 * @param joinInterval time between them
 * @param bootstrapExpect how many nodes found a cluster together, when none is found; 0 never
 *     founds
 * @param bootstrapExpectTimeout until when they must have come together, or the node ends
 * @param discovery how members are found by DNS
 * @param nonVoter whether this node has a copy of everything, but no vote
 * @param removeOnShutdown whether this node has itself removed from the cluster when it stops
 * @param reap when the leader removes members that are silent
 * @param tls between nodes
 */
@ConfigurationProperties(prefix = "liferaft.raft", ignoreUnknownFields = false)
record ClusterProperties(
    @DefaultValue("127.0.0.1:4002") String address,
    @Nullable String advertisedAddress,
    @Nullable String initialCluster,
    @DefaultValue("1s") Duration electionTimeout,
    @DefaultValue("false") boolean foreignKeys,
    @DefaultValue Snapshot snapshot,
    @Nullable String join,
    @DefaultValue("5") int joinAttempts,
    @DefaultValue("3s") Duration joinInterval,
    @DefaultValue("0") int bootstrapExpect,
    @DefaultValue("120s") Duration bootstrapExpectTimeout,
    @DefaultValue Discovery discovery,
    @DefaultValue("false") boolean nonVoter,
    @DefaultValue("false") boolean removeOnShutdown,
    @DefaultValue Reap reap,
    @DefaultValue Tls tls) {

  /** How members are found that no setting names. */
  enum DiscoveryMode {
    NONE,
    DNS,
    DNS_SRV
  }

  /**
   * Where members are found.
   *
   * @param mode none, dns (all addresses of a name) or dns-srv (the targets of a service)
   * @param name the DNS name; no default
   * @param service for dns-srv: _service._tcp.name is looked up; no default
   * @param port for dns: Raft port of the members; default: this node's own
   * @param hosts host:port,host:port in place of what DNS would say; default: none
   */
  record Discovery(
      @DefaultValue("none") DiscoveryMode mode,
      @Nullable String name,
      @Nullable String service,
      @Nullable Integer port,
      @Nullable String hosts) {}

  /**
   * After which silence the leader removes a member for good.
   *
   * @param votersAfter silence of a voter; default: never
   * @param nonVotersAfter silence of a non-voter; default: never
   */
  record Reap(@Nullable Duration votersAfter, @Nullable Duration nonVotersAfter) {}

  /**
   * TLS on the Raft port, on all nodes or none.
   *
   * @param bundle name of the SSL bundle with the node's certificate and key, and who signs the
   *     nodes' certificates; empty for no TLS
   * @param verifyServer whether a node that is called must have a certificate of that authority for
   *     the host of its Raft address
   * @param verifyClient whether a node that calls must have a certificate of that authority
   * @param verifyServerName name that the certificate of a node that is called must be for, in
   *     place of its host; empty for the host
   * @param verifyCommonName common name that the certificate of a node that calls must have, where
   *     verify-client is on; empty for any
   */
  record Tls(
      @DefaultValue("") String bundle,
      @DefaultValue("true") boolean verifyServer,
      @DefaultValue("false") boolean verifyClient,
      @DefaultValue("") String verifyServerName,
      @DefaultValue("") String verifyCommonName) {}

  /**
   * When the main file is brought up to date and the log is cut.
   *
   * @param entries after this many log entries
   * @param walSize when SQLite's WAL has grown to this size
   * @param trailingLog how much of the log is kept at least behind that, for nodes that were away
   *     for a while
   */
  record Snapshot(
      @DefaultValue("8192") int entries,
      @DefaultValue("4MB") DataSize walSize,
      @DefaultValue("32MB") DataSize trailingLog) {}
}
