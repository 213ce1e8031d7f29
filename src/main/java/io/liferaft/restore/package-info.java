/**
 * The one automatic restore of a fresh cluster: decided first, downloaded once, by the leader,
 * verified, through the log.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"archive", "raft", "sqlite", "objectstore"})
package io.liferaft.restore;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
