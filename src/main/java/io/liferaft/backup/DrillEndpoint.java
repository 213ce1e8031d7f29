package io.liferaft.backup;

import io.liferaft.backup.DrillStatus.Result;
import io.liferaft.raft.Verification;
import io.liferaft.raft.VerifiedRecord;
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
 * {@code /actuator/drill}: how this node's last restore drill ended, and the cluster's last one;
 * POST runs one now, here, and answers when it is over, or at once while one is under way.
 */
@Endpoint(id = "drill")
final class DrillEndpoint {

  private static final String NONE = "none yet";

  private final BackupDrill drill;
  private final ClusterVerification cluster;

  DrillEndpoint(BackupDrill drill, ClusterVerification cluster) {
    this.drill = drill;
    this.cluster = cluster;
  }

  @ReadOperation
  Map<String, Object> last() {
    Map<String, Object> answer = answer(drill.last());
    answer.put("cluster", clusters());
    return answer;
  }

  /**
   * 200 when the newest backup can be restored, 409 when it is damaged, there is none or a drill is
   * under way, 503 when nobody knows.
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
      case OK -> new WebEndpointResponse<>(answer);
      case DAMAGED, SKIPPED -> EndpointProblem.of(HttpStatus.CONFLICT, answer);
      case FAILED -> EndpointProblem.of(HttpStatus.SERVICE_UNAVAILABLE, answer);
    };
  }

  /** As the log has it: the same on every node that has applied it. */
  private Map<String, Object> clusters() {
    Map<String, Object> answer = new LinkedHashMap<>();
    Verification known = cluster.known().orElse(null);
    if (known == null) {
      answer.put("result", NONE);
      return answer;
    }
    VerifiedRecord last = known.last();
    answer.put("result", (last.good() ? Result.OK : Result.DAMAGED).tag());
    answer.put("time", ClusterVerification.time(last));
    answer.put("node", last.node());
    answer.put("backup", last.backup());
    answer.put("generation", last.generation());
    answer.put("changeIndex", last.changeIndex());
    answer.put("sha256", last.sha256());
    answer.put("sizeBytes", last.sizeBytes());
    answer.put("tookMillis", last.tookMillis());
    answer.put("compared", last.compared());
    VerifiedRecord good = known.good();
    if (good != null) {
      answer.put("lastVerified", ClusterVerification.time(good));
      answer.put("recoveryMillis", good.tookMillis());
    }
    return answer;
  }

  private static Map<String, Object> answer(@Nullable DrillStatus last) {
    Map<String, Object> answer = new LinkedHashMap<>();
    if (last == null) {
      answer.put("result", NONE);
      return answer;
    }
    answer.put("result", last.result().tag());
    answer.put("detail", last.detail());
    answer.put("time", last.time());
    answer.put("tookMillis", last.took().toMillis());
    answer.put("compared", last.compared());
    return answer;
  }
}
