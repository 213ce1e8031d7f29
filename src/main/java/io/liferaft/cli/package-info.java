/**
 * The command line: rqlited's flags, translated to settings before Spring starts.
 *
 * <p><b>Promises.</b> A command line that rqlited takes is taken here, or refused in one sentence:
 * no flag that would change something is dropped in silence. Spring's own {@code --a.b=c} go
 * through as they are, mixed with flags. Nothing is printed, started or waited for: {@code
 * LiferaftApplication} does what is answered. rqlite's JSON files of automatic backup and restore
 * are read once, when Spring gathers its settings, and become settings, too.
 *
 * <p><b>Never.</b> Hold a setting of its own: a flag is another spelling of a property, and the
 * property's owner checks its value.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"go"})
package io.liferaft.cli;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
