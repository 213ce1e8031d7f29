package io.liferaft.restore;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;

/** The restore in figures. */
final class RestoreMetrics implements MeterBinder {

  private static final List<String> STATES =
      List.of(
          "waiting",
          "following",
          "looking",
          "downloading",
          "verifying",
          "loading",
          "failed",
          "done");

  private final RestoreService service;

  RestoreMetrics(RestoreService service) {
    this.service = service;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (String name : STATES) {
      Gauge.builder(
              "liferaft.restore.state",
              service,
              s -> RestoreDetails.name(s.state()).equals(name) ? 1 : 0)
          .description("1 for the state the restore is in on this node")
          .tag("state", name)
          .register(registry);
    }
    Gauge.builder("liferaft.restore.bytes", service, RestoreMetrics::bytes)
        .description("Bytes downloaded, verified or loaded by the phase under way")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder("liferaft.restore.attempts", service, RestoreService::attempts)
        .description("Failed attempts of this node since it leads")
        .register(registry);
    Gauge.builder("liferaft.restore.duration", service, s -> s.took().toMillis() / 1000.0)
        .description("Time this node has spent on restoring as the leader, until it ended")
        .baseUnit("seconds")
        .register(registry);
  }

  private static double bytes(RestoreService service) {
    return switch (service.state()) {
      case RestoreState.Downloading(_, long bytes, _, _) -> bytes;
      case RestoreState.Verifying(_, long bytes) -> bytes;
      case RestoreState.Loading(_, long bytes, _, _) -> bytes;
      case RestoreState.Waiting _,
          RestoreState.Following _,
          RestoreState.Looking _,
          RestoreState.Failed _,
          RestoreState.Done _ ->
          0;
    };
  }
}
