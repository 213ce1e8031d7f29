package io.liferaft.backup;

import io.liferaft.archive.NoSuchPointException;
import io.liferaft.objectstore.ObjectStoreException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;

/** A refusal or failure of an endpoint as RFC 9457 has it. */
public final class EndpointProblem {

  private EndpointProblem() {}

  static WebEndpointResponse<Map<String, Object>> of(HttpStatus status, Map<String, ?> members) {
    return of(status.value(), members);
  }

  /**
   * Title and status, then members of the endpoint's own.
   *
   * @param status as HTTP has it
   * @param members in this order
   */
  public static WebEndpointResponse<Map<String, Object>> of(int status, Map<String, ?> members) {
    Map<String, Object> problem = new LinkedHashMap<>();
    HttpStatus known = HttpStatus.resolve(status);
    problem.put("title", known == null ? "Misdirected Request" : known.getReasonPhrase());
    problem.put("status", status);
    problem.putAll(members);
    return new WebEndpointResponse<>(problem, status, MediaType.APPLICATION_PROBLEM_JSON);
  }

  /**
   * What a failure of the store is to who asked: 404 for what is not there, 409 for what this place
   * does not allow or lacks the key for, 503 for trouble that may pass.
   */
  public static int status(ObjectStoreException e) {
    if (e instanceof NoSuchPointException) {
      return HttpStatus.NOT_FOUND.value();
    }
    return switch (e.reason()) {
      case CONFIGURATION -> 409;
      case NOT_FOUND -> 404;
      case ACCESS_DENIED, NO_SUCH_BUCKET, PRECONDITION_FAILED, UNAVAILABLE -> 503;
    };
  }
}
