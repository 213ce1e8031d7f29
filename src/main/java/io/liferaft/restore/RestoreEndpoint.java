package io.liferaft.restore;

import java.time.Clock;
import java.util.Map;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** {@code /actuator/restore}: how far the cluster's restore is, as this node knows it. */
@Endpoint(id = "restore")
final class RestoreEndpoint {

  private final RestoreService service;
  private final Clock clock;

  RestoreEndpoint(RestoreService service, Clock clock) {
    this.service = service;
    this.clock = clock;
  }

  @ReadOperation
  Map<String, Object> restore() {
    Map<String, Object> details =
        RestoreDetails.of(service.state(), service.lastFailure(), clock.instant());
    details.putIfAbsent("attempts", service.attempts());
    return details;
  }
}
