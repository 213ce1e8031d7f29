/**
 * The backup formats, plain and archive: what a backup is, written whole or not at all, read
 * verified; and which backups of an archive stay.
 *
 * <p>Promises: a backup is complete when {@code write} returns and invisible when it throws; its
 * bytes were compared with its manifest on their way. {@code fetch} hands out a file only after its
 * size and hash were right, as far as the backup says them; a damaged one is a {@link
 * io.liferaft.archive.CorruptBackupException}, never a file. A transfer that broke goes on where it
 * stopped, also in the next process. The objects of rqlite's automatic backup can be read, and it
 * can read ours.
 *
 * <p>Must never: hold a database in memory, replace a backup other than by {@code write}, delete
 * one other than by {@code prune} and {@code delete}, delete what one that stays needs, use the
 * rest of an old transfer for an object that has changed since.
 *
 * <p>Threads: none that outlive a call; every call blocks its caller.
 *
 * <p>After a crash at any line: the former backup, whole, or the new one, whole; beside the target
 * of a fetch possibly {@code .part}, {@code .part.source} and {@code .unpacked}, which the next
 * fetch uses or replaces.
 */
@NullMarked
@ApplicationModule(allowedDependencies = "objectstore")
package io.liferaft.archive;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
