package io.liferaft.raft;

import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A client's statements.
 *
 * @param form EXECUTE for writes only, REQUEST for a mix; ignored by reads
 * @param transaction all or nothing; for reads: one snapshot
 * @param level of reads
 * @param freshness with level none: how long ago the leader may have been heard; null for any
 * @param freshnessStrict with {@code freshness}: the applied data must be that fresh, too
 * @param timeout for forwarding and for a new leader to appear
 * @param linearizableTimeout for a linearizable read to become readable
 * @param statementTimeout limit of each statement; null for the default
 */
public record SqlRequest(
    List<SqlStatement> statements,
    SqlForm form,
    boolean transaction,
    ReadLevel level,
    @Nullable Duration freshness,
    boolean freshnessStrict,
    Duration timeout,
    Duration linearizableTimeout,
    @Nullable Duration statementTimeout) {}
