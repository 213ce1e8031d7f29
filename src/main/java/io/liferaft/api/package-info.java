/**
 * rqlite-compatible HTTP. Publishes nothing to other modules.
 *
 * <p><b>Promises.</b> Paths, parameters, answers and errors are rqlite's to the byte, but for what
 * docs/rqlite-compatibility.md lists. Every exception has one answer and one tag of the metrics
 * ({@code ErrorTable}). A write whose fate is unknown is told as such, never as a plain failure. An
 * answer that cannot be finished breaks the connection, so that no part is taken for the whole.
 * {@code /readyz} and the readiness group agree. {@code /status}, {@code /nodes}, {@code /leader}
 * and {@code /readyz} answer while the node opens, forms or restores; data requests get 503 with
 * Retry-After.
 *
 * <p>Where there are users, every route but the root's redirect asks for permissions before it
 * looks at the method, and the actuator before it does anything, but for health, which probes read.
 *
 * <p><b>Never.</b> Read a parameter from a body; hold a database, or more statements than a quarter
 * of the heap; keep state between requests; decide anything about replication: it asks {@code
 * RaftNode}. Log SQL parameters, or what an Authorization header says.
 *
 * <p><b>Threads.</b> Tomcat's {@code tomcat-handler-N}, virtual, one per request, which may wait up
 * to the request's time limit; {@code backup-vacuum} for the one native call that takes long.
 *
 * <p><b>On disk.</b> Bodies of loads and boots, and copies that are dumped or vacuumed, in {@code
 * tmp} in the data directory, one file each, deleted with the request. A crash leaves them; the
 * next process deletes them before its first load or backup of that kind.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"raft", "security", "sqlite", "queue", "backup", "restore", "cdc", "go"})
package io.liferaft.api;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
