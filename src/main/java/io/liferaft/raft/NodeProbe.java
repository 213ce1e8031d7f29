package io.liferaft.raft;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Another node's answer to "who are you", or the lack of one.
 *
 * @param httpUrl where its HTTP is, with the scheme; empty when it gave no answer
 * @param error why there is no answer; null when there is one
 * @param took how long the answer took
 * @param hasData whether it holds client data or a Raft log
 */
public record NodeProbe(
    String id,
    String raftAddress,
    String httpUrl,
    String version,
    boolean voter,
    boolean leader,
    boolean hasData,
    String clusterId,
    long lastIndex,
    @Nullable String error,
    Duration took) {

  public boolean reachable() {
    return error == null;
  }
}
