package io.liferaft.cdc;

import java.util.List;

/**
 * Changes that were committed together, or a part of very many.
 *
 * @param index of the log entry
 * @param clockMillis the entry's time
 * @param events as JSON, in order
 * @param end where the queue goes on behind it
 */
record Commit(long index, long clockMillis, List<byte[]> events, ChangeQueue.Place end) {

  Commit {
    events = List.copyOf(events);
  }

  long bytes() {
    return events.stream().mapToLong(event -> event.length).sum();
  }
}
