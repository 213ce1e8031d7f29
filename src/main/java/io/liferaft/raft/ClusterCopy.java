package io.liferaft.raft;

import io.liferaft.sqlite.DatabaseCopy;

/**
 * A consistent database file with the replicated state it belongs to. Closing it closes the copy.
 */
public record ClusterCopy(DatabaseCopy file, ReplicatedState state, long term)
    implements AutoCloseable {

  @Override
  public void close() {
    file.close();
  }
}
