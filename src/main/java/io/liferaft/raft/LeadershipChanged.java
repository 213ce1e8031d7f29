package io.liferaft.raft;

import org.jspecify.annotations.Nullable;

/**
 * The leader, as this node sees it, has changed. Published in order from raft's own event thread;
 * listeners hand off and never wait.
 *
 * @param leaderId node id of the leader; null when none is known
 * @param thisNodeLeads true only when this node is the ready leader: every entry of earlier terms
 *     has been applied here
 */
public record LeadershipChanged(@Nullable String leaderId, boolean thisNodeLeads, long term) {}
