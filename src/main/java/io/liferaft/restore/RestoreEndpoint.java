package io.liferaft.restore;

import io.liferaft.archive.RestorePoint;
import io.liferaft.backup.EndpointProblem;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.WriteHold;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/**
 * {@code /actuator/restore}: how far the cluster's restore is, as this node knows it. POST sets the
 * cluster back to a restore point.
 */
@Endpoint(id = "restore")
final class RestoreEndpoint {

  private final RestoreService service;
  private final RestoreOrigin origin;
  private final InPlaceRestore inPlace;
  private final RaftNode node;
  private final Clock clock;

  RestoreEndpoint(
      RestoreService service,
      RestoreOrigin origin,
      InPlaceRestore inPlace,
      RaftNode node,
      Clock clock) {
    this.service = service;
    this.origin = origin;
    this.inPlace = inPlace;
    this.node = node;
    this.clock = clock;
  }

  @ReadOperation
  Map<String, Object> restore() {
    Map<String, Object> details =
        RestoreDetails.of(service.state(), service.lastFailure(), clock.instant());
    details.putIfAbsent("attempts", service.attempts());
    if (service.turnedToSecond() != null) {
      details.put("second", service.turnedToSecond());
    }
    Map<String, Object> restored = origin.details();
    if (restored != null) {
      details.put("restored", restored);
    }
    InPlaceRestore.Progress progress = inPlace.progress();
    if (progress != null) {
      details.put("inPlace", RestoreDetails.of(progress, clock.instant()));
    }
    WriteHold hold = node.state().hold();
    if (hold != null) {
      details.put("writesHeldUntil", Instant.ofEpochMilli(hold.untilMillis()));
    }
    return details;
  }

  /**
   * Begins a restore in place, on the leader: 202 with what it does, or 200 with what it would do;
   * 404 when there is no such restore point, 421 on another node, 409 when something is in the way,
   * 503 when the store does not answer.
   *
   * @param point latest, an id, index:… or time:…
   * @param dryRun only tells, on any node
   * @param force go on when what is there cannot be backed up before
   */
  @WriteOperation
  WebEndpointResponse<Map<String, Object>> restoreInPlace(
      String point, @Nullable Boolean dryRun, @Nullable Boolean force) {
    try {
      RestorePoint wanted = RestorePoint.parse(point);
      boolean dry = Boolean.TRUE.equals(dryRun);
      RestorePlan plan =
          dry ? inPlace.plan(wanted) : inPlace.begin(wanted, Boolean.TRUE.equals(force));
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("dryRun", dry);
      answer.put("plan", plan);
      return new WebEndpointResponse<>(answer, dry ? 200 : 202);
    } catch (IllegalArgumentException e) {
      return problem(notFoundOrBad(point), e);
    } catch (RestoreRefusal e) {
      return problem(e.status(), e);
    }
  }

  /** What might be an id and is none is as unknown as one that is not there. */
  private static int notFoundOrBad(String point) {
    return point.isBlank() || point.contains(":") ? 400 : 404;
  }

  private static WebEndpointResponse<Map<String, Object>> problem(int status, Exception e) {
    return EndpointProblem.of(status, Map.of("detail", String.valueOf(e.getMessage())));
  }
}
