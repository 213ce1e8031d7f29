/** rqlite-compatible HTTP. Publishes nothing to other modules. */
@NullMarked
@ApplicationModule(allowedDependencies = {"raft", "sqlite", "backup", "restore"})
package io.liferaft.api;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
