package io.liferaft.raft;

import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.ratis.proto.RaftProtos.FollowerInfoProto;

/** Reads at each level on this node; where a level needs the leader, this node is it or asks it. */
final class Reader {

  /** Limit of a statement that brings none. */
  static final Duration STATEMENT_TIMEOUT = Duration.ofMinutes(1);

  private final LocalNode node;
  private final SqliteStore store;
  private final LogWriter writer;

  Reader(LocalNode node, SqliteStore store, LogWriter writer) {
    this.node = node;
    this.store = store;
    this.writer = writer;
  }

  /** Level none: whatever is here, unless the request says that it is too old. */
  SqlReply readHere(SqlRequest request) {
    return stale(request)
        ? new SqlReply(List.of(), "stale read", -1, node.config().httpAddress())
        : read(request, -1);
  }

  /**
   * Level linearizable on a follower or non-voter, once it has applied all that the leader had
   * committed when asked (dissertation section 6.4); waits for that as long as the shortest
   * election time-out.
   *
   * @return empty when it has not caught up in time, or no leader has answered: ask that one, then
   */
  Optional<SqlReply> readFollowing(SqlRequest request) {
    if (node.elected() || node.fault() != null || node.status().leader() == null) {
      return Optional.empty();
    }
    Duration limit = shorter(request.timeout(), request.linearizableTimeout());
    try {
      writer.barrier(shorter(limit, node.config().electionTimeout()));
    } catch (NotLeaderException e) {
      return Optional.empty();
    }
    return Optional.of(read(request, -1));
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** The other levels, on the leader. */
  SqlReply readLeading(SqlRequest request, Duration left) {
    long index = -1;
    switch (request.level()) {
      // This place in the log orders the read; only this node then reads.
      case STRONG -> index = writer.mark(left).index();
      case LINEARIZABLE -> writer.barrier(shorter(request.linearizableTimeout(), left));
      case WEAK, NONE, AUTO -> {
        if (!node.leads()) {
          throw new NotLeaderException("not leader");
        }
      }
    }
    return read(request, index);
  }

  private SqlReply read(SqlRequest request, long index) {
    Duration limit =
        request.statementTimeout() == null ? STATEMENT_TIMEOUT : request.statementTimeout();
    try {
      List<SqlResult> results = store.query(request.statements(), request.transaction(), limit);
      return new SqlReply(results, null, index, node.config().httpAddress());
    } catch (SqliteException.TooManyAnswers e) {
      throw tooManyAnswers(e);
    }
  }

  /**
   * The leader's answer, held until it has been sent. One that finds no room here is dropped, and
   * asked for again when there is some.
   */
  SqlReply readThere(SqlRequest request, NodeStatus.Member leader, Duration left) {
    long deadline = System.nanoTime() + left.toNanos();
    try {
      while (true) {
        Duration limit = Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime()));
        SqlReply reply = node.peers().query(leader.raftAddress(), request, limit);
        try {
          store.holdAnswer(reply.results());
          return reply;
        } catch (SqliteException.TooManyAnswers _) {
          store.awaitAnswerRoom(Duration.ofNanos(deadline - System.nanoTime()));
        }
      }
    } catch (SqliteException.TooManyAnswers e) {
      throw tooManyAnswers(e);
    }
  }

  private static NotReadyException tooManyAnswers(SqliteException.TooManyAnswers e) {
    return new NotReadyException(String.valueOf(e.getMessage()), Duration.ofSeconds(1));
  }

  private boolean stale(SqlRequest request) {
    Duration freshness = request.freshness();
    if (freshness == null || !freshness.isPositive() || node.leads()) {
      return false;
    }
    return node.division()
        .map(division -> {
          var role = division.getInfo().getRoleInfoProto();
          if (!role.hasFollowerInfo()) {
            return true;
          }
          long silent = silentMillis(role.getFollowerInfo());
          boolean behind =
              request.freshnessStrict()
                  && node.payload().state().appliedIndex()
                      < division.getRaftLog().getLastCommittedIndex();
          return behind || silent > freshness.toMillis();
        })
        .orElse(true);
  }

  /** Ratis begins to count anew with every election that comes to nothing. */
  private long silentMillis(FollowerInfoProto follower) {
    NodeStatus status = node.status();
    return status.leader() == null
        ? status.leaderless().plus(node.config().electionTimeout()).toMillis()
        : follower.getLeaderInfo().getLastRpcElapsedTimeMs();
  }
}
