package io.liferaft.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** One work on one server with some connections for some seconds. */
final class LoadRound {

  private static final long SLOWEST_MICROS = Duration.ofMinutes(10).toNanos() / 1000;
  private static final int REQUESTS = 64;

  private final Server server;
  private final Work work;
  private final int connections;
  private final BenchOptions options;

  LoadRound(Server server, Work work, int connections, BenchOptions options) {
    this.server = server;
    this.work = work;
    this.connections = connections;
    this.options = options;
  }

  /**
   * Waits until all connections are through.
   *
   * @throws IOException a connection could not even be opened
   */
  Figures run(Duration duration) throws IOException, InterruptedException {
    List<Client> clients = new ArrayList<>();
    try {
      for (int i = 0; i < connections; i++) {
        clients.add(new Client(i));
      }
      double cpu = server.cpuSeconds();
      long began = System.nanoTime();
      List<Thread> threads = new ArrayList<>();
      for (Client client : clients) {
        threads.add(
            Thread.ofPlatform()
                .name("bench-" + client.number)
                .start(() -> client.run(began, duration)));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      double seconds = (System.nanoTime() - began) / 1e9;
      return sum(clients, seconds, server.cpuSeconds() - cpu);
    } finally {
      for (Client client : clients) {
        client.connection.close();
      }
    }
  }

  private static Figures sum(List<Client> clients, double seconds, double cpu) {
    Histogram all = histogram();
    long bytes = 0;
    long errors = 0;
    for (Client client : clients) {
      all.add(client.latencies);
      bytes += client.bytes;
      errors += client.errors;
    }
    return Figures.of(all, bytes, errors, seconds, cpu);
  }

  private static Histogram histogram() {
    return new Histogram(1, SLOWEST_MICROS, 3);
  }

  private String statement() {
    if (!options.sql().isEmpty()) {
      return own(options.sql());
    }
    int row = row();
    if (work == Work.LARGE) {
      return "\"SELECT * FROM liferaft_bench_rows\"";
    }
    boolean reads =
        work == Work.MIXED
            ? ThreadLocalRandom.current().nextInt(100) < options.reads()
            : work.reads();
    if (reads) {
      return "[\"SELECT * FROM liferaft_bench_rows WHERE id = ?\"," + row + "]";
    }
    return "[\"INSERT INTO liferaft_bench(name, n) VALUES(?, ?)\",\"%s\",%d]"
        .formatted("x".repeat(options.bytes()), row);
  }

  private int row() {
    return 1 + ThreadLocalRandom.current().nextInt(options.rows());
  }

  /** The user's statement with a number for each of its parameters. */
  private String own(String sql) {
    List<Object> words = new ArrayList<>(List.of(sql));
    sql.chars().filter(c -> c == '?').forEach(_ -> words.add(row()));
    return JsonMapper.shared().writeValueAsString(words);
  }

  /** A connection, its thread's state and what it saw. */
  private final class Client {
    private final int number;
    private final String address;
    private final List<byte[]> requests = new ArrayList<>();
    private final Histogram latencies = histogram();
    private HttpConnection connection;
    private long bytes;
    private long errors;

    Client(int number) throws IOException {
      this.number = number;
      this.address = server.address(number);
      this.connection = new HttpConnection(address);
      for (int i = 0; i < REQUESTS; i++) {
        List<String> statements = new ArrayList<>();
        for (int s = 0; s < (work == Work.BULK ? options.statements() : 1); s++) {
          statements.add(statement());
        }
        requests.add(
            HttpConnection.request(
                address, options, work.path(), "[" + String.join(",", statements) + "]"));
      }
    }

    void run(long began, Duration duration) {
      long end = began + duration.toNanos();
      for (long turn = 0; ; turn++) {
        long due = options.rate() == 0 ? System.nanoTime() : due(began, turn);
        if (due >= end || System.nanoTime() >= end) {
          return;
        }
        for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
          LockSupport.parkNanos(early);
        }
        HttpConnection.Answer answer = exchange(requests.get((int) (turn % REQUESTS)));
        if (answer == null || answer.failed()) {
          errors++;
        } else {
          bytes += answer.bytes();
          latencies.recordValue(Math.clamp((System.nanoTime() - due) / 1000, 1, SLOWEST_MICROS));
        }
      }
    }

    /** When this connection's turn comes: the connections take turns at the common rate. */
    private long due(long began, long turn) {
      return began + (long) ((turn * connections + number) * (1e9 / options.rate()));
    }

    /** Null when the connection broke; the next goes over a new one, if there is one to be had. */
    private HttpConnection.@Nullable Answer exchange(byte[] request) {
      try {
        return connection.exchange(request);
      } catch (IOException e) {
        try {
          connection.close();
          connection = new HttpConnection(address);
        } catch (IOException stillDown) {
          // The next turn counts as an error too.
        }
        return null;
      }
    }
  }
}
