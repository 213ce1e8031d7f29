package io.liferaft.raft;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * This node.
 *
 * @param id name of the node, for ever the same for one data directory; default: the advertised
 *     Raft address
 * @param dataDir folder of the database, the log and everything else that must survive a restart
 * @param advertisedHttpAddress host:port under which clients and other nodes reach this node's HTTP
 *     API; default: the bound one
 */
@ConfigurationProperties(prefix = "liferaft.node", ignoreUnknownFields = false)
record NodeProperties(
    @Nullable String id,
    @DefaultValue("./data") String dataDir,
    @Nullable String advertisedHttpAddress) {}
