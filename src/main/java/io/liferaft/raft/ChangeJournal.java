package io.liferaft.raft;

import io.liferaft.sqlite.ChangeSink;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Keeps the row changes of this node's entries until they have been delivered. As durable as the
 * database is: what was published after the last {@link #force} may be gone after a crash, and
 * comes again with the entries. All calls come from the apply thread, or before it has started.
 */
public interface ChangeJournal extends ChangeSink {

  /**
   * The database is as of a log index: changes behind it are dropped, entries from the next one on
   * follow.
   *
   * @param folder of the node's data
   * @param continues whether the entries up to there were applied here; else their changes, too,
   *     are missing or incomplete, and go
   */
  void begin(Path folder, long index, boolean continues) throws IOException;

  /** Makes durable what has been published. */
  void force() throws IOException;
}
