package io.liferaft.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a small HTTP server that answers as a test wants. */
class LoadRoundTests {

  private interface Answering {
    void answer(HttpExchange exchange) throws IOException;
  }

  private final AtomicInteger requests = new AtomicInteger();
  private final Collection<String> bodies = new ConcurrentLinkedQueue<>();
  private volatile Answering answering =
      exchange -> send(exchange, 200, "{\"results\":[{}]}", false);
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          bodies.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
          requests.incrementAndGet();
          answering.answer(exchange);
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private static void send(HttpExchange exchange, int status, String body, boolean chunked)
      throws IOException {
    byte[] bytes = body.getBytes(ISO_8859_1);
    exchange.sendResponseHeaders(status, chunked ? 0 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private Server target() {
    return new Server(
        List.of("127.0.0.1:" + server.getAddress().getPort()),
        List.of(ProcessHandle.current().pid()));
  }

  private Figures round(Work work, int connections, String... words) throws Exception {
    List<String> line = new ArrayList<>(List.of(words));
    return new LoadRound(target(), work, connections, BenchOptions.read(line))
        .run(Duration.ofSeconds(1));
  }

  @Test
  void countsEveryAnswerOfEveryConnectionOnce() throws Exception {
    Figures figures = round(Work.WRITE, 3);

    assertThat(figures.errors()).isZero();
    assertThat(figures.perSecond()).isLessThanOrEqualTo(requests.get());
    assertThat(figures.p50Millis()).isPositive().isLessThanOrEqualTo(figures.maxMillis());
    assertThat(figures.cpuMicros()).isNotNegative();
  }

  @Test
  void readsChunksToTheirEndAndCountsTheirBytes() throws Exception {
    String body = "x".repeat(300_000);
    answering = exchange -> send(exchange, 200, body, true);

    Figures figures = round(Work.LARGE, 1);

    assertThat(figures.errors()).isZero();
    assertThat(figures.megabytesPerSecond())
        .isCloseTo(figures.perSecond() * 0.3, org.assertj.core.data.Percentage.withPercentage(1));
  }

  @Test
  void anErrorInsideA200IsAnError() throws Exception {
    answering =
        exchange -> send(exchange, 200, "{\"results\":[{\"error\":\"no such table\"}]}", true);

    Figures figures = round(Work.WRITE, 1);

    assertThat(figures.errors()).isEqualTo(requests.get());
    assertThat(figures.perSecond()).isZero();
    assertThat(figures.cpuMicros()).isNaN();
  }

  @Test
  void aBrokenConnectionIsAnErrorAndTheNextOneGoesOn() throws Exception {
    answering =
        exchange -> {
          if (requests.get() == 1) {
            throw new IOException("no answer");
          }
          send(exchange, 200, "{}", false);
        };

    Figures figures = round(Work.WRITE, 1);

    assertThat(figures.errors()).isEqualTo(1);
    assertThat(figures.perSecond()).isPositive();
  }

  @Test
  void mixesReadsAndWritesInTheShareThatIsAskedFor() throws Exception {
    Figures _ = round(Work.MIXED, 2, "--reads=50");
    assertThat(bodies).anyMatch(body -> body.startsWith("[[\"SELECT"));
    assertThat(bodies).anyMatch(body -> body.startsWith("[[\"INSERT"));

    bodies.clear();
    Figures _ = round(Work.MIXED, 2, "--reads=100");
    assertThat(bodies).isNotEmpty().allMatch(body -> body.startsWith("[[\"SELECT"));
  }

  @Test
  void sendsTheUsersStatementWithARandomRowForEachParameter() throws Exception {
    Figures _ = round(Work.NONE, 1, "--rows=7", "--sql=SELECT \"x\" FROM t WHERE a = ? AND b > ?");
    assertThat(bodies)
        .isNotEmpty()
        .allMatch(body ->
            body.matches(
                "\\[\\[\"SELECT \\\\\"x\\\\\" FROM t WHERE a = \\? AND b > \\?\",[1-7],[1-7]]]"));
  }

  @Test
  void makesNoTableForTheUsersStatement() throws Exception {
    target().prepare(BenchOptions.read(List.of("--sql=SELECT x FROM theirs WHERE id = ?")));
    assertThat(bodies).isEmpty();

    target().prepare(BenchOptions.read(List.of("--rows=1")));
    assertThat(bodies).hasSize(2).first().asString().contains("CREATE TABLE liferaft_bench");
  }

  /**
   * Coordinated omission: one stall of a server that is otherwise quick, at 100 requests a second.
   */
  @Test
  void aStallIsSeenByAllRequestsThatItKeptWaiting() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    answering =
        exchange -> {
          if (requests.get() == 1) {
            try {
              assertThat(never.await(300, TimeUnit.MILLISECONDS)).isFalse();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
          send(exchange, 200, "{}", false);
        };

    Figures figures = round(Work.WRITE, 1, "--rate=100");

    assertThat(figures.maxMillis()).isGreaterThan(295);
    // Of 100 that were due some 30 waited, one 10 ms less than the other.
    assertThat(figures.p99Millis()).isGreaterThan(250);
  }

  @Test
  void aServerThatRefusesTheTableIsNamed() {
    answering = exchange -> send(exchange, 401, "", false);

    assertThatIOException()
        .isThrownBy(() -> target().prepare(BenchOptions.read(List.of())))
        .withMessageContaining(target().address(0))
        .withMessageContaining("401");
  }
}
