/** Bytes under keys, in S3 or a directory. */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package io.liferaft.objectstore;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
