/**
 * The one automatic restore of a fresh cluster: decided first, downloaded once, by the leader,
 * verified, through the log.
 *
 * <p>Promises: a cluster that has data is never touched, and no network is used to find that out.
 * Nothing is asked of the store before this node is the ready leader of a formed and empty cluster;
 * followers never ask it. What enters the log was checked against its hash, and takes effect only
 * when the whole was, by SQLite, too. Only an answer of the store that nothing is there lets a
 * cluster start empty by itself; everything else is a failure with a sentence, retried for ever
 * (or, with the policy start-empty, given up loudly). This node's readiness is DOWN until the
 * replicated state it applied says that the restore has ended.
 *
 * <p>Where backups go to two places, the second is asked when the first has answered, and taken
 * when what it holds is newer or the first holds nothing; it is tried, loudly, when the first has
 * failed three times in a row. Only both together let the cluster start empty.
 *
 * <p>And a restore in place, of a cluster that has data, only when an operator asks: fetched and
 * verified first, then client writes refused, what is there backed up, and the database switched on
 * all nodes by one entry. Whatever ends it before lets the writes go on.
 *
 * <p>Never: two attempts at a time, a restore after {@code RestoreEnded} or the first client write,
 * an attempt that goes on after leadership was lost, a backup held in memory.
 *
 * <p>Threads: {@code liferaft-restore} (virtual) runs the attempts and ends with the restore; it is
 * woken by leadership events and interrupted when leadership is lost; {@code liferaft-arrival}
 * fetches and verifies beside it, and ends with the attempt. {@code liferaft-restore-in-place}
 * (virtual) runs one that an operator asked for.
 *
 * <p>After a crash at any line: parts of a download under {@code restore/} in the data directory,
 * which a later attempt goes on from and the end of the restore deletes; in the log an attempt
 * without an end, which the next leader replaces by one of its own from the same source.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"archive", "backup", "raft", "sqlite", "objectstore", "go"})
package io.liferaft.restore;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
