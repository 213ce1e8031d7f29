/**
 * VACUUM and ANALYZE at intervals, as rqlite's {@code -auto-vacuum-int} and {@code
 * -auto-optimize-int} do them.
 *
 * <p><b>Promises.</b> What is run goes through the log like a client's statement, so every node
 * runs it at the same place and replicas stay equal. Only a node that leads begins it. A database
 * that has not changed is left alone, and one that is empty, so that no restore finds it touched.
 *
 * <p><b>Never.</b> Run {@code PRAGMA optimize}: what it does follows from what a connection has
 * been asked before, so nodes would plan differently. Write to a node's own database.
 *
 * <p><b>Threads.</b> {@code liferaft-maintenance} (virtual) runs one after the other; it may wait
 * as long as a statement takes.
 *
 * <p><b>On disk.</b> Nothing.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"raft", "sqlite"})
package io.liferaft.maintenance;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
