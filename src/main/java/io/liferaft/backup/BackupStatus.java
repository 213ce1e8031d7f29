package io.liferaft.backup;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What this node's backup scheduler knows. A bean {@code Supplier<BackupStatus>} gives the current
 * one.
 *
 * @param target the place without secrets; null when backup is off
 * @param lastTime when the newest backup known to the cluster was complete; null for none
 * @param lastDuration of this process' last upload; null for none
 * @param problem one sentence when backups do not succeed or are stopped; null else
 */
public record BackupStatus(
    @Nullable String target,
    Duration interval,
    State state,
    @Nullable Instant lastTime,
    @Nullable Duration lastDuration,
    long lastChangeIndex,
    @Nullable Instant next,
    @Nullable String problem) {

  /** What the scheduler does. */
  public enum State {
    OFF,
    /** Another node leads, or the cluster is not ready. */
    STANDBY,
    WAITING,
    RUNNING,
    FAILING,
    /** Stopped until an operator decides: two clusters share the target. */
    STOPPED
  }
}
