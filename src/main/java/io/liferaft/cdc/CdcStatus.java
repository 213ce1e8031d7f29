package io.liferaft.cdc;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How the delivery of changes is.
 *
 * @param folder of the queue; null before the node is open
 * @param highWaterMark log index up to which all has been delivered, as rqlite counts; 0 for none
 * @param leads whether it is this node that sends
 * @param sink where to
 * @param serviceId empty for none
 * @param length commits that wait
 * @param sizeBytes of the queue's files
 * @param problem why the last attempt failed; null when it did not
 */
public record CdcStatus(
    @Nullable Path folder,
    long highWaterMark,
    boolean leads,
    String sink,
    String serviceId,
    long length,
    long sizeBytes,
    @Nullable String problem) {

  /** rqlite counts from 1. */
  static long rqliteIndex(long logIndex) {
    return logIndex + 1;
  }
}
