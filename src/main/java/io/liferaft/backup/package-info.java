/**
 * When and whether to back up: on the leader only, only what changed, never over somebody else's
 * data.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"archive", "raft", "sqlite", "objectstore"})
package io.liferaft.backup;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
