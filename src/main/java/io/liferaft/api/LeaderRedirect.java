package io.liferaft.api;

import io.liferaft.raft.NodeProbe;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.RaftNode;
import java.time.Duration;

/** Sends clients that ask for it to the leader instead of forwarding their request. */
final class LeaderRedirect {

  private static final Duration ASK = Duration.ofSeconds(2);

  private final RaftNode raft;

  LeaderRedirect(RaftNode raft) {
    this.raft = raft;
  }

  /**
   * Answers 301 when the client wants a redirect and another node leads.
   *
   * @return whether the request has been answered
   * @throws NotLeaderException when no leader is known
   */
  boolean answered(Exchange exchange) {
    if (!exchange.parameters().has("redirect")) {
      return false;
    }
    NodeStatus status = raft.status();
    // A node that is not up yet says so itself, with a time to try again.
    if (status.phase() != NodeStatus.Phase.RUNNING || status.leads()) {
      return false;
    }
    NodeStatus.Member leader = status.leader();
    if (leader == null) {
      throw new NotLeaderException("leader not found");
    }
    String query = exchange.request().getQueryString();
    exchange
        .response()
        .setHeader(
            "Location",
            url(leader, exchange)
                + exchange.request().getRequestURI()
                + (query == null ? "" : "?" + query));
    exchange.empty(301);
    return true;
  }

  /**
   * As the leader says itself: what the log has noted of it is of its admission, and has no scheme.
   */
  private String url(NodeStatus.Member leader, Exchange exchange) {
    Duration timeout = exchange.parameters().timeout();
    NodeProbe probe = raft.probe(leader.raftAddress(), timeout.compareTo(ASK) < 0 ? timeout : ASK);
    return probe.reachable() && !probe.httpUrl().isEmpty()
        ? probe.httpUrl()
        : exchange.request().getScheme() + "://" + leader.httpAddress();
  }

  /** What X-RQLITE-SERVED-BY says of a request that the leader carries out. */
  String servedBy() {
    NodeStatus status = raft.status();
    NodeStatus.Member leader = status.leader();
    return status.leads() || leader == null ? status.httpAddress() : leader.raftAddress();
  }
}
