package io.liferaft.api;

import io.liferaft.raft.RaftNode;
import io.liferaft.raft.RequestRefusedException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /remove}: takes a node out of the cluster for good. */
final class RemoveController {

  private static final JsonMapper JSON = JsonMapper.shared();

  private final RaftNode raft;
  private final LeaderRedirect redirect;
  private final BodyLimit limit;

  RemoveController(RaftNode raft, LeaderRedirect redirect, BodyLimit limit) {
    this.raft = raft;
    this.redirect = redirect;
    this.limit = limit;
  }

  void remove(Exchange exchange) throws IOException {
    String id = id(exchange);
    if (id == null) {
      exchange.empty(400);
      return;
    }
    if (redirect.answered(exchange)) {
      return;
    }
    String servedBy = redirect.servedBy();
    try {
      raft.removeNode(id, exchange.parameters().timeout());
    } catch (RequestRefusedException e) {
      throw new RequestFailure(500, String.valueOf(e.getMessage()));
    }
    exchange.servedBy(servedBy);
    exchange.empty(200);
  }

  /** The body is an object with this one key; null for any other. */
  private @Nullable String id(Exchange exchange) throws IOException {
    try (BodyLimit.Body body = limit.open(exchange.request())) {
      JsonNode node = JSON.readTree(body);
      JsonNode id = node.isObject() && node.size() == 1 ? node.get("id") : null;
      return id != null && id.isString() ? id.stringValue() : null;
    } catch (JacksonException e) {
      return null;
    }
  }
}
