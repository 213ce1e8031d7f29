package io.liferaft.backup;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;

/**
 * {@code /actuator/drill}: how this node's last restore drill ended; POST runs one now, here, and
 * answers when it is over, or at once while one is under way.
 */
@Endpoint(id = "drill")
final class DrillEndpoint {

  private final BackupDrill drill;

  DrillEndpoint(BackupDrill drill) {
    this.drill = drill;
  }

  @ReadOperation
  Map<String, Object> last() {
    return answer(drill.last());
  }

  /**
   * 200 when the newest backup can be restored, 409 when it is damaged or a drill is under way, 503
   * when nobody knows.
   */
  @WriteOperation
  WebEndpointResponse<Map<String, Object>> drillNow() {
    Optional<DrillStatus> ended = drill.drillUnlessUnderWay();
    if (ended.isEmpty()) {
      return EndpointProblem.of(
          HttpStatus.CONFLICT, Map.of("detail", "A restore drill is under way on this node"));
    }
    DrillStatus done = ended.get();
    Map<String, Object> answer = answer(done);
    return switch (done.result()) {
      case OK, SKIPPED -> new WebEndpointResponse<>(answer);
      case DAMAGED -> EndpointProblem.of(HttpStatus.CONFLICT, answer);
      case FAILED -> EndpointProblem.of(HttpStatus.SERVICE_UNAVAILABLE, answer);
    };
  }

  private static Map<String, Object> answer(@Nullable DrillStatus last) {
    Map<String, Object> answer = new LinkedHashMap<>();
    if (last == null) {
      answer.put("result", "none yet");
      return answer;
    }
    answer.put("result", last.result().tag());
    answer.put("detail", last.detail());
    answer.put("time", last.time());
    answer.put("tookMillis", last.took().toMillis());
    return answer;
  }
}
