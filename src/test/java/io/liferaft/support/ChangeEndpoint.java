package io.liferaft.support;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An HTTP server that takes batches of changes, or refuses them. */
public final class ChangeEndpoint implements AutoCloseable {

  private final HttpServer server;
  private final List<JsonNode> batches = new CopyOnWriteArrayList<>();
  private final AtomicInteger refused = new AtomicInteger();
  private volatile int answer = 200;
  private volatile @Nullable String authorization;

  public ChangeEndpoint() {
    this(null, false);
  }

  /**
   * One that speaks TLS.
   *
   * @param context with its certificate; null for plain HTTP
   * @param clientCertificate whether it serves only who has one that the context trusts
   */
  public ChangeEndpoint(@Nullable SSLContext context, boolean clientCertificate) {
    InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try {
      server =
          context == null
              ? HttpServer.create(loopback, 0)
              : secure(loopback, context, clientCertificate);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/", this::take);
    server.start();
  }

  private static HttpServer secure(
      InetSocketAddress address, SSLContext context, boolean clientCertificate) throws IOException {
    HttpsServer secure = HttpsServer.create(address, 0);
    secure.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters wanted = context.getDefaultSSLParameters();
            wanted.setNeedClientAuth(clientCertificate);
            parameters.setSSLParameters(wanted);
          }
        });
    return secure;
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      authorization = exchange.getRequestHeaders().getFirst("Authorization");
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
    String scheme = server instanceof HttpsServer ? "https" : "http";
    return scheme + "://127.0.0.1:" + server.getAddress().getPort() + "/changes";
  }

  /** The status of the next answers. */
  public void answer(int status) {
    answer = status;
  }

  /** The header of the last request; null when it had none. */
  public @Nullable String authorization() {
    return authorization;
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
