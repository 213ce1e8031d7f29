package io.liferaft.api;

import io.liferaft.go.GoDuration;
import io.liferaft.raft.NodeProbe;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NodeStatus.Member;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.RequestRefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /nodes} and {@code /leader}. */
final class NodesController {

  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String STEPDOWN = "stepdown: ";
  private static final String NO_PEER = "cannot find peer";

  private final RaftNode raft;
  private final LeaderRedirect redirect;
  private final BodyLimit limit;

  NodesController(RaftNode raft, LeaderRedirect redirect, BodyLimit limit) {
    this.raft = raft;
    this.redirect = redirect;
    this.limit = limit;
  }

  void nodes(Exchange exchange) throws IOException {
    QueryParameters parameters = exchange.parameters();
    NodeStatus status = raft.status();
    if (!isOpen(status)) {
      throw new RequestFailure(503, "store nodes: store not open");
    }
    List<NodeProbe> probes =
        new ArrayList<>(raft.nodes(parameters.has("nonvoters"), parameters.timeout()));
    probes.sort(Comparator.comparing(NodeProbe::id));
    Map<String, Object> byId = new LinkedHashMap<>();
    for (NodeProbe probe : probes) {
      byId.put(probe.id(), node(probe.id(), probe.raftAddress(), probe.voter(), status, probe));
    }
    exchange.json(
        "2".equals(parameters.text("ver")) ? Map.of("nodes", List.copyOf(byId.values())) : byId,
        parameters.has("pretty"));
  }

  void leader(Exchange exchange) throws IOException {
    if (exchange.isMethod("POST")) {
      transfer(exchange);
      return;
    }
    NodeStatus status = raft.status();
    Member leader = status.leader();
    if (leader == null) {
      throw new NotLeaderException("leader not found");
    }
    NodeProbe probe = raft.probe(leader.raftAddress(), exchange.parameters().timeout());
    exchange.json(
        node(leader.id(), leader.raftAddress(), leader.voter(), status, probe),
        exchange.parameters().has("pretty"));
  }

  private void transfer(Exchange exchange) throws IOException {
    String id = target(exchange);
    if (redirect.answered(exchange)) {
      return;
    }
    String servedBy = redirect.servedBy();
    try {
      raft.transferLeadership(id, exchange.parameters().timeout());
    } catch (RequestRefusedException e) {
      String text = String.valueOf(e.getMessage());
      // Whoever does not wait is not told that there was nobody to hand over to.
      if (exchange.parameters().has("wait") || !text.contains(NO_PEER)) {
        throw new RequestFailure(500, text.startsWith(STEPDOWN) ? text : STEPDOWN + text);
      }
    }
    exchange.servedBy(servedBy);
    exchange.empty(200);
  }

  /**
   * Whom the body names, whatever the header says of it: else somebody else would lead, and the
   * answer be 200. As with rqlite a body that neither is nor claims to be JSON is not looked at.
   */
  private @Nullable String target(Exchange exchange) throws IOException {
    try (BodyLimit.Body body = limit.open(exchange.request())) {
      String text = new String(body.readAllBytes(), StandardCharsets.UTF_8).strip();
      boolean json = text.startsWith("{") || claimsJson(exchange.request().getContentType());
      if (text.isEmpty() || !json) {
        return null;
      }
      JsonNode node = JSON.readTree(text);
      if (!node.isObject()) {
        throw RequestFailure.badRequest("invalid JSON: not an object");
      }
      JsonNode id = node.get("id");
      if (id == null || id.isNull()) {
        return null;
      }
      if (!id.isString()) {
        throw RequestFailure.badRequest("invalid JSON: id is not a string");
      }
      return id.stringValue().isEmpty() ? null : id.stringValue();
    } catch (JacksonException e) {
      throw RequestFailure.badRequest("invalid JSON: " + e.getOriginalMessage());
    }
  }

  private static boolean claimsJson(@Nullable String contentType) {
    return contentType != null
        && contentType.split(";", 2)[0].strip().equalsIgnoreCase("application/json");
  }

  private static Map<String, Object> node(
      String id, String raftAddress, boolean voter, NodeStatus status, NodeProbe probe) {
    Map<String, Object> node = new LinkedHashMap<>();
    node.put("id", id);
    boolean reachable = probe.reachable();
    if (reachable && !probe.httpUrl().isEmpty()) {
      node.put("api_addr", probe.httpUrl());
    }
    node.put("addr", raftAddress);
    node.put("version", reachable ? RqliteVersion.of(probe.version()) : "");
    node.put("voter", voter);
    node.put("reachable", reachable);
    Member leader = status.leader();
    node.put("leader", reachable && leader != null && leader.id().equals(id));
    Duration took = probe.took();
    if (reachable && !took.isZero()) {
      node.put("time", GoDuration.seconds(took.toNanos()));
      node.put("time_s", GoDuration.format(took));
    }
    if (!reachable) {
      node.put("error", String.valueOf(probe.error()));
    }
    return node;
  }

  static boolean isOpen(NodeStatus status) {
    return switch (status.phase()) {
      case FORMING, INSTALLING, CATCHING_UP, RUNNING -> true;
      case OPENING, FAILED, CLOSED -> false;
    };
  }
}
