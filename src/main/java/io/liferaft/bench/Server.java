package io.liferaft.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * One of the servers that are compared.
 *
 * @param addresses of its nodes
 * @param pids of its processes, empty where they are not known
 */
record Server(List<String> addresses, List<Long> pids) {

  private static final int LOADED_AT_ONCE = 500;

  /** Node for a connection. */
  String address(int connection) {
    return addresses.get(connection % addresses.size());
  }

  /** CPU time of its processes so far, in seconds; NaN where they are not known. */
  double cpuSeconds() {
    double sum = pids.isEmpty() ? Double.NaN : 0;
    for (long pid : pids) {
      sum +=
          ProcessHandle.of(pid)
              .flatMap(process -> process.info().totalCpuDuration())
              .map(Duration::toNanos)
              .map(nanos -> nanos / 1e9)
              .orElse(Double.NaN);
    }
    return sum;
  }

  /** Makes the table anew, with the rows to read; a statement of the user's own has its own. */
  void prepare(BenchOptions options) throws IOException {
    if (!options.sql().isEmpty()) {
      return;
    }
    try (HttpConnection connection = new HttpConnection(address(0))) {
      execute(
          connection,
          options,
          "[\"DROP TABLE IF EXISTS liferaft_bench\",\"DROP TABLE IF EXISTS liferaft_bench_rows\","
              + "\"CREATE TABLE liferaft_bench (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)\","
              + "\"CREATE TABLE liferaft_bench_rows (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)\"]");
      if (options.works().stream().noneMatch(Work::reads)) {
        return;
      }
      for (int row = 1; row <= options.rows(); row += LOADED_AT_ONCE) {
        StringBuilder json = new StringBuilder("[");
        for (int i = row; i <= Math.min(options.rows(), row + LOADED_AT_ONCE - 1); i++) {
          json.append(i == row ? "" : ",")
              .append("[\"INSERT INTO liferaft_bench_rows VALUES(?,?,?)\",")
              .append(i)
              .append(",\"")
              .append("x".repeat(options.bytes()))
              .append("\",")
              .append(i)
              .append(']');
        }
        execute(connection, options, json.append(']').toString());
      }
    }
  }

  private void execute(HttpConnection connection, BenchOptions options, String json)
      throws IOException {
    HttpConnection.Answer answer =
        connection.exchange(
            HttpConnection.request(address(0), options, "/db/execute?transaction", json));
    if (answer.failed()) {
      throw new IOException(
          "%s refuses to make the table liferaft_bench: status %d"
              .formatted(address(0), answer.status()));
    }
  }
}
