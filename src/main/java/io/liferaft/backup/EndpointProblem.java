package io.liferaft.backup;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;

/** A refusal or failure of an endpoint as RFC 9457 has it. */
final class EndpointProblem {

  private EndpointProblem() {}

  /**
   * Title and status, then members of the endpoint's own.
   *
   * @param members in this order
   */
  static WebEndpointResponse<Map<String, Object>> of(HttpStatus status, Map<String, ?> members) {
    Map<String, Object> problem = new LinkedHashMap<>();
    problem.put("title", status.getReasonPhrase());
    problem.put("status", status.value());
    problem.putAll(members);
    return new WebEndpointResponse<>(problem, status.value(), MediaType.APPLICATION_PROBLEM_JSON);
  }
}
