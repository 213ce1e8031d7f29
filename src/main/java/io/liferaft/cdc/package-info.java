/**
 * Change data capture: the leader sends every row change to an HTTP endpoint, as rqlite does.
 *
 * <p><b>Promises.</b> Each row that a committed entry changed while capture was on is delivered at
 * least once, in the order of the log, with the index of its entry and as it was before and after.
 * A new leader goes on from the last index that the cluster has recorded as delivered. Trouble with
 * the endpoint is reported and retried; it neither makes a node unready nor fails a request.
 *
 * <p><b>Never.</b> Slow down writes for a slow endpoint; drop a change to save room, unless the
 * number of attempts is limited by the configuration; let what this node is told to send decide
 * what statements do: whether changes are captured is replicated state (docs/adr/0011).
 *
 * <p><b>Threads.</b> {@code liferaft-cdc} (virtual) sends, records what was delivered and lets go
 * of it; {@code raft-apply} adds to the queue. {@code liferaft-cdc-off} (virtual) ends the capture
 * that another configuration began.
 *
 * <p><b>On disk.</b> {@code cdc/changes-<index>}: the queue, in segments named by their first
 * index. It follows from the log as the database does: forced before each record of a checkpoint,
 * cut to the record's index at the start, filled again by the entries that are applied again. A
 * crash at any line leaves a frame that is cut off then.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"raft", "sqlite", "security", "go"})
package io.liferaft.cdc;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
