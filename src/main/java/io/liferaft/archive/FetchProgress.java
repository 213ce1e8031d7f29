package io.liferaft.archive;

import java.nio.file.Path;

/** What a fetch tells while it runs, on threads of its own. What this throws ends the fetch. */
@FunctionalInterface
public interface FetchProgress {

  /** Stored bytes that are there; ascending. */
  void fetched(long storedBytes);

  /**
   * A part of the file is there, from its start on, and every piece of it has the hash that the
   * backup tells. Never called where only the whole has a hash.
   *
   * @param file holds it now; may be renamed when all is there
   * @param bytes of the uncompressed file; ascending, at last its size
   */
  default void verified(Path file, long bytes) {}
}
