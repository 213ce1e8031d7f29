/**
 * The load generator, {@code liferaftd bench}: asks one server, or two in turns, what clients ask,
 * and prints how fast each answered.
 *
 * <p><b>Promises.</b> Speaks only rqlite's HTTP API, so that any server of it can stand beside
 * Liferaft. Every answer is read to its end and looked at: an error inside a 200 counts as an
 * error. With a rate the latency counts from when a request was due, not from when it could be
 * sent, so that a stall is seen by all the requests that it kept waiting (coordinated omission).
 * Two servers are asked in alternating rounds, and medians are compared.
 *
 * <p><b>Never.</b> Touch a table other than {@code liferaft_bench}, which is made anew. Share a
 * thread, a buffer or a histogram between connections while it measures.
 *
 * <p><b>Threads.</b> One platform thread a connection, {@code bench-<n>}; they end with the round.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package io.liferaft.bench;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
