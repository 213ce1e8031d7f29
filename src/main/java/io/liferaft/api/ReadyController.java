package io.liferaft.api;

import io.liferaft.raft.NodeProbe;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NodeStatus.Member;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.SqlResult;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * {@code /readyz}. Without parameters its verdict is the readiness group's, so that whoever probes
 * the one or the other sees the same; the lines are rqlite's.
 */
final class ReadyController {

  private static final long POLL_NANOS = Duration.ofMillis(10).toNanos();

  /** How long a leader is waited for before this node looks who leads now. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** For a statement that reads nothing. */
  private static final Duration QUERY = Duration.ofSeconds(2);

  private static final String NODE_OK = "[+]node ok";
  private static final String LEADER_OK = NODE_OK + "\n[+]leader ok";
  private static final String STORE_OK = LEADER_OK + "\n[+]store ok";

  private final RaftNode raft;
  private final Predicate<NodeStatus> ready;

  /**
   * @param ready whether the readiness group is UP
   */
  ReadyController(RaftNode raft, Predicate<NodeStatus> ready) {
    this.raft = raft;
    this.ready = ready;
  }

  void readyz(Exchange exchange) throws IOException {
    if (exchange.parameters().has("noleader")) {
      exchange.text(200, NODE_OK);
      return;
    }
    NodeStatus status = raft.status();
    if (!ready.test(status)) {
      exchange.text(
          503,
          status.leader() == null
              ? NODE_OK + "\n[+]leader does not exist"
              : LEADER_OK + "\n[+]store not ready");
    } else if (exchange.parameters().has("sync")) {
      sync(exchange, status);
    } else {
      exchange.text(200, STORE_OK + "\n[+]db ok");
    }
  }

  private void sync(Exchange exchange, NodeStatus status) throws IOException {
    Duration timeout = exchange.parameters().timeout();
    long target = status.commitIndex();
    while (!status.leads()) {
      Member leader = status.leader();
      if (leader == null) {
        exchange.text(503, NODE_OK + "\n[+]leader does not exist");
        return;
      }
      long asked = System.nanoTime();
      NodeProbe probe =
          raft.probe(leader.raftAddress(), timeout.compareTo(LOOK) < 0 ? timeout : LOOK);
      if (probe.reachable()) {
        target = probe.lastIndex();
        break;
      }
      NodeStatus now = raft.status();
      boolean silent = System.nanoTime() - asked >= LOOK.toNanos();
      boolean worthAnother = silent || !leader.equals(now.leader());
      if (!worthAnother || exchange.elapsedNanos() > timeout.toNanos()) {
        exchange.text(503, NODE_OK + "\n[+]leader not contactable: " + probe.error());
        return;
      }
      status = now;
    }
    if (!caughtUp(target, exchange, timeout)) {
      exchange.text(503, STORE_OK + "\n[+]sync timeout");
      return;
    }
    String db = databaseProblem();
    exchange.text(
        db.isEmpty() ? 200 : 503,
        STORE_OK + "\n[+]sync ok\n" + (db.isEmpty() ? "[+]db ok" : "[+]db not ok: (" + db + ")"));
  }

  private boolean caughtUp(long target, Exchange exchange, Duration timeout) {
    while (raft.status().commitIndex() < target) {
      if (exchange.elapsedNanos() > timeout.toNanos()) {
        return false;
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
    return true;
  }

  private String databaseProblem() {
    try {
      return raft.localQuery("SELECT 1", QUERY) instanceof SqlResult.Failed(String message, long _)
          ? message
          : "";
    } catch (RuntimeException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
