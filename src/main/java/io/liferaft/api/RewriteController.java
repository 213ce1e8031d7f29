package io.liferaft.api;

import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code /db/sql}: what would enter the log. Nothing is ever rewritten, so that is what was sent;
 * whether SQLite understands it is said, too.
 */
final class RewriteController {

  private final BodyLimit limit;
  private final StatementReader reader;

  RewriteController(BodyLimit limit) {
    this.limit = limit;
    this.reader = new StatementReader(limit.bytes());
  }

  void sql(Exchange exchange) throws IOException {
    List<Object> results = new ArrayList<>();
    for (SqlStatement statement : statements(exchange)) {
      if (!statement.sql().isEmpty()) {
        results.add(result(statement.sql()));
      }
    }
    Map<String, Object> reply = new LinkedHashMap<>(Map.of("results", results));
    if (exchange.parameters().has("timings")) {
      reply.put("time", exchange.elapsedNanos() / 1e9);
    }
    exchange.json(reply, exchange.parameters().has("pretty"));
  }

  private List<SqlStatement> statements(Exchange exchange) throws IOException {
    if (exchange.isMethod("GET")) {
      String sql = exchange.parameters().text("q");
      if (sql == null) {
        throw RequestFailure.badRequest("query not specified");
      }
      return List.of(SqlStatement.of(sql));
    }
    try (BodyLimit.Body body = limit.open(exchange.request())) {
      List<SqlStatement> statements = reader.read(body, body);
      body.expectEnd();
      return statements;
    }
  }

  private static Map<String, Object> result(String sql) {
    @Nullable String error = SqliteStore.syntaxError(sql);
    Map<String, Object> result = new LinkedHashMap<>(Map.of("original", sql));
    result.put(error == null ? "rewritten" : "error", error == null ? sql : error);
    return result;
  }
}
