package io.liferaft.raft;

import io.liferaft.sqlite.SqlResult;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a {@link SqlRequest}.
 *
 * @param error failure of the request as a whole with rqlite's text ({@code stale read}, a failing
 *     COMMIT); results are then empty
 * @param raftIndex log index of the entry (Ratis' numbering, from 0), -1 when the log was not used
 * @param servedBy this node's advertised HTTP address, or the leader's Raft address when forwarded
 */
public record SqlReply(
    List<SqlResult> results, @Nullable String error, long raftIndex, String servedBy) {}
