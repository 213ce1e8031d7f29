package io.liferaft.api;

import io.liferaft.go.GoDuration;
import io.liferaft.queue.QueuedWrite;
import io.liferaft.queue.QueuedWrite.Outcome;
import io.liferaft.queue.WriteQueue;
import io.liferaft.sqlite.SqlStatement;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code /db/execute?queue}. Whatever can be refused is refused here, before anything is queued:
 * later nobody would be told.
 */
final class QueueController {

  private final WriteQueue queue;
  private final SqlChecks checks;
  private final BodyLimit limit;
  private final StatementReader reader;

  QueueController(WriteQueue queue, SqlChecks checks, BodyLimit limit) {
    this.queue = queue;
    this.checks = checks;
    this.limit = limit;
    this.reader = new StatementReader(limit.bytes());
  }

  void execute(Exchange exchange) throws IOException {
    QueryParameters parameters = exchange.parameters();
    boolean wait = parameters.has("wait");
    List<SqlStatement> statements;
    long bytes;
    // The body's type does not matter here: SQL as text is no JSON, and refused as that.
    try (BodyLimit.Body body = limit.open(exchange.request())) {
      statements = reader.read(body, body, wait);
      body.expectEnd();
      bytes = body.cost();
    }
    if (checks.anyDisallowedPragma(statements)) {
      throw RequestFailure.badRequest(SqlController.DISALLOWED_PRAGMA);
    }
    if (!parameters.has("noleader")) {
      queue.checkLeader();
    }
    QueuedWrite taken = queue.add(statements, bytes, wait, left(exchange));
    @Nullable String error = wait ? outcome(taken, left(exchange)) : null;
    answer(exchange, taken.sequenceNumber(), error);
  }

  private static Duration left(Exchange exchange) {
    return exchange.parameters().timeout().minusNanos(exchange.elapsedNanos());
  }

  /** Waits for the write; null when it is done. */
  private @Nullable String outcome(QueuedWrite taken, Duration left) {
    return switch (queue.await(taken, left)) {
      case Outcome.Written _ -> null;
      case Outcome.Failed(String error) -> error;
      case Outcome.GivenUp(RuntimeException cause) -> throw cause;
      case Outcome.Pending _ -> throw new RequestFailure(408, "queue wait timeout");
    };
  }

  private static void answer(Exchange exchange, long sequenceNumber, @Nullable String error)
      throws IOException {
    QueryParameters parameters = exchange.parameters();
    AnswerBuffer out = new AnswerBuffer(exchange.response());
    JsonWriter json = new JsonWriter(out, parameters.has("pretty"));
    json.beginObject();
    json.name("results").beginArray().endArray();
    if (error != null) {
      json.name("error").string(error);
    }
    if (parameters.has("timings")) {
      json.name("time").number(GoDuration.seconds(exchange.elapsedNanos()));
    }
    json.name("sequence_number").number(sequenceNumber);
    json.endObject();
    out.finish();
  }
}
