package io.liferaft.restore;

import io.liferaft.raft.RaftNode;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

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
  private final InPlaceRestore inPlace;
  private final RaftNode node;

  RestoreMetrics(RestoreService service, InPlaceRestore inPlace, RaftNode node) {
    this.service = service;
    this.inPlace = inPlace;
    this.node = node;
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
    counters(service.counts(), registry);
    String ended = "liferaft.restore.in.place";
    String meaning = "Restores in place that ended on this node, by how";
    counter(ended, meaning, inPlace.done()).tag("result", "done").register(registry);
    counter(ended, meaning, inPlace.failed()).tag("result", "failed").register(registry);
    Gauge.builder("liferaft.restore.writes.held", node, n -> n.state().hold() == null ? 0 : 1)
        .description("1 while client writes are refused for a restore in place, on every node")
        .register(registry);
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

  private static void counters(RestoreCounts counts, MeterRegistry registry) {
    String downloads = "liferaft.restore.downloads";
    counter(downloads, "Downloads of a backup", counts.downloaded)
        .tag("result", "ok")
        .register(registry);
    counter(downloads, "Downloads of a backup", counts.downloadsFailed)
        .tag("result", "failed")
        .register(registry);
    counter(
            "liferaft.restore.download.bytes",
            "Bytes of the backups downloaded as a whole",
            counts.downloadedBytes)
        .baseUnit("bytes")
        .register(registry);
    String outcomes = "liferaft.restore.outcomes";
    String meaning = "Restores by what this node had to do with them, and failed attempts";
    counter(outcomes, meaning, counts.restored).tag("outcome", "restored").register(registry);
    counter(outcomes, meaning, counts.followed).tag("outcome", "followed").register(registry);
    counter(outcomes, meaning, counts.failed).tag("outcome", "failed").register(registry);
    String second = "liferaft.restore.second";
    String use = "Times that this node turned to the second target, and restores from there";
    counter(second, use, counts.secondAsked).tag("result", "asked").register(registry);
    counter(second, use, counts.fromSecond).tag("result", "restored").register(registry);
  }

  private static FunctionCounter.Builder<LongAdder> counter(
      String name, String description, LongAdder count) {
    return FunctionCounter.builder(name, count, LongAdder::sum).description(description);
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
