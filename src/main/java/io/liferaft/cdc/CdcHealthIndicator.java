package io.liferaft.cdc;

import java.util.Optional;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** Trouble with the endpoint is told as DEGRADED: somebody has to look, but the node serves. */
final class CdcHealthIndicator extends AbstractHealthIndicator {

  static final Status DEGRADED = new Status("DEGRADED");

  private final ChangeFeed feed;

  CdcHealthIndicator(ChangeFeed feed) {
    super("the health of change data capture cannot be told");
    this.feed = feed;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    Optional<CdcStatus> status = feed.status();
    builder.up().withDetail("state", status.isPresent() ? "ON" : "OFF");
    status.ifPresent(on -> {
      builder.withDetail("sink", on.sink());
      builder.withDetail("waiting", on.length());
      builder.withDetail("bytes", on.sizeBytes());
      if (on.problem() != null) {
        builder.status(DEGRADED).withDetail("problem", on.problem());
      }
    });
  }
}
