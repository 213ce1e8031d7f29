package io.liferaft.support;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An HTTP server that takes batches of changes, or refuses them. */
public final class ChangeEndpoint implements AutoCloseable {

  private final HttpServer server;
  private final List<JsonNode> batches = new CopyOnWriteArrayList<>();
  private final AtomicInteger refused = new AtomicInteger();
  private volatile int answer = 200;

  public ChangeEndpoint() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/", this::take);
    server.start();
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      int status = answer;
      if (status == 200 || status == 202) {
        batches.add(JsonMapper.shared().readTree(body));
      } else {
        refused.incrementAndGet();
      }
      exchange.sendResponseHeaders(status, -1);
    }
  }

  public String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/changes";
  }

  /** The status of the next answers. */
  public void answer(int status) {
    answer = status;
  }

  public int refused() {
    return refused.get();
  }

  public List<JsonNode> batches() {
    return List.copyOf(batches);
  }

  /** Every commit in the order it came. */
  public List<JsonNode> commits() {
    List<JsonNode> commits = new ArrayList<>();
    batches.forEach(batch -> batch.path("payload").forEach(commits::add));
    return commits;
  }

  public List<Long> indexes() {
    return commits().stream().map(commit -> commit.path("index").asLong()).toList();
  }

  public List<Long> upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toList();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
