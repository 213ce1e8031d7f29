/** The backup formats */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      " what a backup is, written whole or not at all, read verified.:objectstore"
    })
package io.liferaft.archive;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
