/**
 * The replicated log and its state machine; reads at each level; membership; client writes held
 * while a restore runs.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"sqlite"})
package io.liferaft.raft;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
