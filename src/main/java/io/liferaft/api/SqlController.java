package io.liferaft.api;

import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReadLevel;
import io.liferaft.raft.SqlReply;
import io.liferaft.raft.SqlRequest;
import io.liferaft.sqlite.AnswerClaim;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** {@code /db/execute}, {@code /db/query} and {@code /db/request}. */
final class SqlController {

  static final String DISALLOWED_PRAGMA = "disallowed pragma";

  private static final Duration LINEARIZABLE_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration REQUEST_LINEARIZABLE_TIMEOUT = Duration.ofSeconds(1);

  private final RaftNode raft;
  private final SqlChecks checks;
  private final BodyLimit limit;
  private final StatementReader reader;
  private final LeaderRedirect redirect;
  private final QueueController queue;
  private final SqlCounts counts = new SqlCounts();

  /**
   * @param queue answers {@code /db/execute?queue}
   */
  SqlController(
      RaftNode raft,
      SqlChecks checks,
      BodyLimit limit,
      LeaderRedirect redirect,
      QueueController queue) {
    this.raft = raft;
    this.checks = checks;
    this.limit = limit;
    this.reader = new StatementReader(limit.bytes());
    this.redirect = redirect;
    this.queue = queue;
  }

  /** What has been received since the start. */
  SqlCounts counts() {
    return counts;
  }

  void execute(Exchange exchange) throws IOException {
    if (exchange.parameters().has("queue")) {
      queue.execute(exchange);
      return;
    }
    counts.request(Route.EXECUTE);
    List<SqlStatement> statements = statements(exchange, true);
    counts.statements(Route.EXECUTE, statements.size());
    if (nothingToRun(exchange, statements) || redirect.answered(exchange)) {
      return;
    }
    SqlReply reply =
        raft.execute(request(exchange, statements, SqlForm.EXECUTE, LINEARIZABLE_TIMEOUT));
    answer(exchange, reply, false);
  }

  void query(Exchange exchange) throws IOException {
    AnswerClaim.during(() -> readAndAnswer(exchange));
  }

  private void readAndAnswer(Exchange exchange) throws IOException {
    counts.request(Route.QUERY);
    List<SqlStatement> statements;
    if (exchange.isMethod("GET")) {
      String sql = exchange.parameters().text("q");
      statements = sql == null ? List.of() : List.of(SqlStatement.of(sql));
    } else {
      statements = statements(exchange, true);
    }
    counts.statements(Route.QUERY, statements.size());
    if (nothingToRun(exchange, statements)
        || (needsLeader(exchange.parameters().level()) && redirect.answered(exchange))) {
      return;
    }
    Duration limit = exchange.parameters().positiveDuration("linearizable_timeout");
    SqlReply reply =
        raft.query(
            request(
                exchange,
                statements,
                SqlForm.REQUEST,
                limit == null ? LINEARIZABLE_TIMEOUT : limit));
    answer(exchange, named(exchange, reply), true);
  }

  void request(Exchange exchange) throws IOException {
    AnswerClaim.during(() -> runAndAnswer(exchange));
  }

  private void runAndAnswer(Exchange exchange) throws IOException {
    counts.request(Route.REQUEST);
    List<SqlStatement> statements = statements(exchange, false);
    counts.statements(Route.REQUEST, statements.size());
    if (nothingToRun(exchange, statements)
        || (exchange.parameters().has("redirect")
            && !readsLocally(exchange, statements)
            && redirect.answered(exchange))) {
      return;
    }
    SqlRequest request =
        request(exchange, statements, SqlForm.REQUEST, REQUEST_LINEARIZABLE_TIMEOUT);
    SqlReply reply = raft.request(request.level() == ReadLevel.AUTO ? local(request) : request);
    answer(exchange, named(exchange, reply), reply.raftIndex() < 0);
  }

  private List<SqlStatement> statements(Exchange exchange, boolean textAllowed) throws IOException {
    String type = exchange.request().getContentType();
    try (BodyLimit.Body body = limit.open(exchange.request())) {
      List<SqlStatement> statements =
          textAllowed && type != null && type.startsWith("text/plain")
              ? StatementReader.readText(body, body)
              : reader.read(body, body);
      body.expectEnd();
      return statements;
    }
  }

  /** Answers at once what needs no node: a PRAGMA that may not run, or no statement at all. */
  private boolean nothingToRun(Exchange exchange, List<SqlStatement> statements)
      throws IOException {
    if (checks.anyDisallowedPragma(statements)) {
      answer(exchange, new SqlReply(List.of(), DISALLOWED_PRAGMA, -1, ""), false);
      return true;
    }
    if (statements.isEmpty()) {
      answer(exchange, new SqlReply(List.of(), null, -1, raft.status().httpAddress()), false);
      return true;
    }
    return false;
  }

  private boolean needsLeader(ReadLevel level) {
    return switch (level) {
      case NONE -> false;
      case AUTO -> raft.status().role() != NodeStatus.Role.LISTENER;
      case WEAK, LINEARIZABLE, STRONG -> true;
    };
  }

  private boolean readsLocally(Exchange exchange, List<SqlStatement> statements) {
    ReadLevel level = exchange.parameters().level();
    return (level == ReadLevel.NONE || level == ReadLevel.AUTO)
        && statements.stream().allMatch(checks.readOnly());
  }

  /** rqlite's unified endpoint does not resolve auto: it reads where it is asked. */
  private static SqlRequest local(SqlRequest request) {
    return new SqlRequest(
        request.statements(),
        request.form(),
        request.transaction(),
        ReadLevel.NONE,
        null,
        false,
        request.timeout(),
        request.linearizableTimeout(),
        request.statementTimeout());
  }

  private static SqlRequest request(
      Exchange exchange,
      List<SqlStatement> statements,
      SqlForm form,
      Duration linearizableTimeout) {
    QueryParameters parameters = exchange.parameters();
    Duration freshness = parameters.positiveDuration("freshness");
    return new SqlRequest(
        statements,
        form,
        parameters.has("transaction"),
        parameters.level(),
        freshness,
        freshness != null && parameters.has("freshness_strict"),
        parameters.timeout(),
        linearizableTimeout,
        parameters.positiveDuration("db_timeout"));
  }

  /** With the names of columns as asked for. */
  private static SqlReply named(Exchange exchange, SqlReply reply) {
    if (!exchange.parameters().has("qualify_columns")) {
      return reply;
    }
    List<SqlResult> results =
        reply.results().stream()
            .map(result -> result instanceof SqlResult.Rows rows ? rows.qualified() : result)
            .toList();
    return new SqlReply(results, reply.error(), reply.raftIndex(), reply.servedBy());
  }

  private static void answer(Exchange exchange, SqlReply reply, boolean asReads)
      throws IOException {
    QueryParameters parameters = exchange.parameters();
    ReplyWriter writer =
        new ReplyWriter(
            parameters.has("pretty"),
            parameters.has("timings"),
            parameters.has("associative"),
            parameters.has("blob_array"),
            asReads,
            parameters.has("raft_index"));
    writer.write(reply, exchange);
  }
}
