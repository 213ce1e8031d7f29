/**
 * When and whether to back up. A round runs every interval, on the leader only, and does no more
 * than the decision asks for: an unchanged database is neither copied nor uploaded, and its place
 * is looked at once a term.
 *
 * <p>Promises: a backup becomes visible whole, after a quorum confirmed this leader, and only over
 * the object that was seen before (If-Match, else If-None-Match). Somebody else's object is kept
 * aside once before it is replaced; when one has replaced a backup the cluster has on record,
 * uploads stop until an operator decides. An empty database never replaces a backup that holds
 * data. Trouble is reported and retried; it never makes the node unready and never fails a client's
 * request.
 *
 * <p>A second target has rounds, trouble, record and pruning of its own: nothing that happens to
 * one delays the other.
 *
 * <p>Never: an upload while the cluster's restore has not ended, two rounds at a time to one
 * target, a database held in memory, a decision from anything but the replicated state, the store's
 * answer and what this term has seen.
 *
 * <p>Threads: {@code liferaft-backup} and {@code liferaft-backup-second} run the rounds, {@code
 * liferaft-drill} the drills, an operator's POST a round on {@code liferaft-backup-now}: threads of
 * the system, so that the disk can serve their reads last; {@code liferaft-backup-stop} and {@code
 * liferaft-backup-second-stop} (virtual) wait for the last ones; {@code liferaft-preflight} tries
 * the store after the start.
 *
 * <p>After a crash at any line: nothing on this node's disk. In the store either the old backup or
 * the new one; a new one that was not recorded is recognised by its lineage, generation and hash.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"archive", "raft", "sqlite", "objectstore", "go"})
package io.liferaft.backup;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
