/** One node's database file */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      " runs SQL, makes consistent copies, switches files. Knows nothing of replication."
    })
package io.liferaft.sqlite;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
