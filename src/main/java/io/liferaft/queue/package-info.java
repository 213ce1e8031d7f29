/**
 * Queued writes: requests that are answered before they are written, collected and written in
 * batches.
 *
 * <p><b>Promises.</b> Requests are written in the order in which they were taken, each once. A
 * batch that certainly was not written is tried again until it is; one whose fate is unknown, or
 * that is refused for good, is not, so that it neither runs twice nor blocks what comes after it:
 * it is logged, counted and told to who waits for it. What a client does with transactions of its
 * own never reaches into another's request. Number and bytes of requests are bounded: beyond, the
 * caller waits. A clean stop writes what is left before the last backup.
 *
 * <p><b>Never.</b> Take a request that would have to be refused later (the caller checks it first);
 * promise anything to who does not wait: the queue is in memory.
 *
 * <p><b>Threads.</b> {@code liferaft-queue} (virtual) writes one batch after the other; callers
 * wait on their own threads.
 *
 * <p><b>On disk.</b> Nothing. A crash loses what has not been written yet.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"raft", "sqlite"})
package io.liferaft.queue;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
