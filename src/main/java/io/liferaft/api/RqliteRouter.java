package io.liferaft.api;

import io.liferaft.api.ErrorTable.Answer;
import io.liferaft.api.ErrorTable.Result;
import io.liferaft.raft.NotReadyException;
import io.liferaft.security.AccessControl;
import io.liferaft.security.Caller;
import io.liferaft.security.NotAuthorizedException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.util.UriUtils;

/**
 * Takes every request outside the actuator through rqlite's order of steps, which decides which
 * error wins: headers, OPTIONS, parameters, route, permissions, method, body, work.
 */
final class RqliteRouter {

  /** Does the work of one route. */
  interface Handler {
    void handle(Exchange exchange) throws IOException;
  }

  private static final Logger log = LoggerFactory.getLogger(RqliteRouter.class);

  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final Map<Route, Handler> handlers;
  private final AccessControl access;
  private final ApiMetrics metrics;
  private final String version;
  private final String allowOrigin;
  private final BooleanSupplier stopping;

  /**
   * @param allowOrigin of every answer; empty for none
   * @param stopping whether this node sends data requests away because it is about to stop
   */
  RqliteRouter(
      Map<Route, Handler> handlers,
      AccessControl access,
      ApiMetrics metrics,
      String version,
      String allowOrigin,
      BooleanSupplier stopping) {
    this.handlers = Map.copyOf(handlers);
    this.access = access;
    this.metrics = metrics;
    this.version = version;
    this.allowOrigin = allowOrigin;
    this.stopping = stopping;
  }

  /**
   * Answers a request. When that fails after the answer has begun, the connection is broken off, so
   * that nobody takes what was sent for the whole.
   *
   * @throws IOException when the client has gone
   */
  void handle(HttpServletRequest request, HttpServletResponse response) throws IOException {
    long start = System.nanoTime();
    response.setHeader("X-Rqlite-Version", version);
    response.setHeader("Access-Control-Allow-Methods", "OPTIONS, GET, POST");
    if (access.enabled()) {
      response.setHeader("Access-Control-Allow-Headers", "Content-Type, Authorization");
      response.setHeader("Access-Control-Allow-Credentials", "true");
      response.setHeader("WWW-Authenticate", BasicHeader.CHALLENGE);
    } else {
      response.setHeader("Access-Control-Allow-Headers", "Content-Type");
    }
    if (!allowOrigin.isEmpty()) {
      response.setHeader("Access-Control-Allow-Origin", allowOrigin);
    }
    @Nullable Route route = null;
    Result result = Result.OK;
    try {
      if (request.getMethod().equals("OPTIONS")) {
        response.setContentLength(0);
        return;
      }
      QueryParameters parameters = QueryParameters.parse(request.getQueryString());
      route = Route.of(path(request));
      Exchange exchange = new Exchange(request, response, parameters, start);
      dispatch(route, exchange);
      result = Result.ofStatus(response.getStatus());
    } catch (Exception e) {
      Answer answer = ErrorTable.answer(e);
      result = answer.result();
      if (!response.isCommitted()) {
        refuse(request, response, answer, start);
      } else {
        breakOff(request, e);
      }
    } finally {
      BodyLimit.release(request);
      metrics.record(route, result, System.nanoTime() - start);
    }
  }

  private static void breakOff(HttpServletRequest request, Exception cause) throws IOException {
    if (cause instanceof IOException gone) {
      // Tomcat calls an answer committed, too, when the client left in the middle of its request.
      throw gone;
    }
    log.warn("An answer to {} was broken off: {}", request.getRequestURI(), cause.toString());
    if (!RawResponseValve.breakOff(request)) {
      throw new IOException("the answer was given up half-way", cause);
    }
  }

  private void dispatch(@Nullable Route route, Exchange exchange) throws IOException {
    if (route == null) {
      exchange.empty(404);
      return;
    }
    String type = route.earlyContentType();
    if (type != null) {
      exchange.contentType(type);
    }
    Caller caller =
        new Caller(BasicHeader.credentials(exchange.request()), RoutePermissions.of(route));
    if (!caller.needed().isEmpty() && !access.allows(caller.credentials(), caller.needed())) {
      exchange.empty(401);
      return;
    }
    Handler handler = handlers.get(route);
    if (handler == null || !route.takes(exchange.request().getMethod())) {
      exchange.empty(405);
      return;
    }
    if (route.data() && stopping.getAsBoolean()) {
      throw new NotReadyException("this node is stopping", RETRY_AFTER);
    }
    try {
      // Also without users here: the leader may have some.
      caller.run(() -> handler.handle(exchange));
    } catch (NotAuthorizedException e) {
      throw new RequestFailure(401, RoutePermissions.remoteRefusal(route));
    }
  }

  private static void refuse(
      HttpServletRequest request, HttpServletResponse response, Answer answer, long start)
      throws IOException {
    response.resetBuffer();
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (answer.retryAfterSeconds() > 0) {
      response.setHeader("Retry-After", Long.toString(answer.retryAfterSeconds()));
    }
    new Exchange(request, response, new QueryParameters(Map.of()), start)
        .text(answer.status(), answer.text() + "\n");
  }

  /** The decoded path as the client sent it: Tomcat's own has been cleaned already. */
  static String path(HttpServletRequest request) {
    return UriUtils.decode(request.getRequestURI(), StandardCharsets.UTF_8);
  }
}
