package io.liferaft.restore;

import io.liferaft.raft.RaftNode;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * DOWN until the replicated state as applied on this node says that the cluster's restore has
 * ended, or holds client data. What the service remembers only explains it.
 */
final class RestoreHealthIndicator extends AbstractHealthIndicator {

  private final RaftNode node;
  private final Supplier<RestoreState> state;
  private final Supplier<@Nullable String> lastFailure;
  private final Supplier<@Nullable String> second;
  private final Supplier<@Nullable Map<String, Object>> restored;

  /**
   * @param second why this node turned to the second target; null when it did not
   * @param restored which backup was restored; null for none
   */
  RestoreHealthIndicator(
      RaftNode node,
      Supplier<RestoreState> state,
      Supplier<@Nullable String> lastFailure,
      Supplier<@Nullable String> second,
      Supplier<@Nullable Map<String, Object>> restored) {
    super("restore health cannot be told");
    this.node = node;
    this.state = state;
    this.lastFailure = lastFailure;
    this.second = second;
    this.restored = restored;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    RestoreState now = state.get();
    boolean over = RestoreService.ended(node.state());
    builder.status(over ? "UP" : "DOWN");
    RestoreDetails.of(now, lastFailure.get(), null).forEach(builder::withDetail);
    String turned = second.get();
    if (turned != null) {
      builder.withDetail("second", turned);
    }
    Map<String, Object> taken = restored.get();
    if (taken != null) {
      builder.withDetail("restored", taken);
    }
    if (!over && now instanceof RestoreState.Done) {
      builder.withDetail("reason", "this node has not applied the end of the restore");
    }
  }
}
