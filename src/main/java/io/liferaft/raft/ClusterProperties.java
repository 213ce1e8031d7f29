package io.liferaft.raft;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The replicated log.
 *
 * @param address host:port that the Raft port binds to
 * @param advertisedAddress host:port under which other nodes reach it; default: the bound one
 * @param initialCluster members of a cluster that is founded now, n1=host:port,n2=host:port; used
 *     only while the data directory holds no Raft state; default: this node alone
 * @param electionTimeout shortest time without a leader before a node stands for election; the
 *     longest is twice that, the heartbeat follows from it
 * @param foreignKeys whether a cluster that is founded now enforces foreign keys; its other nodes,
 *     and those that come later, follow its founder
 * @param snapshot when the log is cut
 */
@Validated
@ConfigurationProperties(prefix = "liferaft.raft", ignoreUnknownFields = false)
record ClusterProperties(
    @DefaultValue("127.0.0.1:4002") String address,
    @Nullable String advertisedAddress,
    @Nullable String initialCluster,
    @DefaultValue("1s") Duration electionTimeout,
    @DefaultValue("false") boolean foreignKeys,
    @DefaultValue Snapshot snapshot) {

  /**
   * When the main file is brought up to date and the log is cut.
   *
   * @param entries after this many log entries
   * @param walSize when SQLite's WAL has grown to this size
   */
  record Snapshot(@DefaultValue("8192") int entries, @DefaultValue("4MB") DataSize walSize) {}
}
