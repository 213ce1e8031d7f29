/**
 * How Go spells what rqlite's clients and operators write: durations and addresses.
 *
 * <p><b>Promises.</b> What Go reads is read, with Go's result; what Go refuses is refused. Pure
 * functions, for any thread.
 *
 * <p><b>Never.</b> Know who asks: the error text is the caller's.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package io.liferaft.go;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
