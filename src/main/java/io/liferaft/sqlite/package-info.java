/**
 * One node's database file: runs SQL, makes consistent copies, switches files. Knows nothing of
 * replication.
 *
 * <p><b>Promise.</b> Entries applied in the same order give the same content and the same outcomes
 * on every node, however they were grouped, redone or replayed. Between checkpoints the main file
 * does not change by a byte: it is the database as of its record. Of two copies of a file that
 * stayed open, the later one knows which parts of it changed in between.
 *
 * <p><b>Never.</b> Ask the node's clock, random numbers or settings while applying; let a
 * connection's state reach a later entry; rewrite SQL; change a database file in place of another.
 *
 * <p><b>Threads.</b> open, apply, checkpoint, replace and close: the caller's apply thread.
 * Everything that reads goes to {@code sqlite-reader-N}, a bounded number of platform threads. No
 * other thread is started; limits are kept by SQLite's progress handler on the running thread.
 *
 * <p><b>On disk.</b> {@code lock}; {@code db-<n>.sqlite} with its WAL, which is never needed after
 * a crash unless {@code checkpoint.marker} is there; {@code snapshot.record}, which alone says
 * which file counts and what it looked like. A checkpoint goes: readers out, WAL and its name
 * forced, marker forced and renamed (the WAL now counts), WAL moved in, file forced, record forced
 * and renamed (the file now counts), marker deleted and the folder forced, WAL truncated. A new
 * database file is forced before anything is written to its WAL. A crash before the marker leaves
 * the old file, after it the moving in is repeated, after the record the new file. A replacement
 * goes: staged file forced, linked as {@code db-<n+1>.sqlite}, record renamed, staged name and old
 * file deleted. A crash before the record leaves both files under their old names. A file that
 * somebody else changed is renamed to {@code set-aside-<time>-…} with its record and never deleted.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package io.liferaft.sqlite;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
