package io.liferaft.support;

import io.liferaft.support.S3Server.S3Request;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A network that fails by rule, between clients and a real S3 server. Passes requests on as they
 * are, Host header included, because it is part of the signature; one request per connection;
 * bodies stream through. Rules are tried in order of their making, the first that fits acts.
 */
public final class FaultyS3 implements AutoCloseable {

  private static final int BUFFER_BYTES = 16 << 10;
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private final int upstreamPort;
  private final List<Rule> rules = new CopyOnWriteArrayList<>();
  private final List<S3Request> requests = new CopyOnWriteArrayList<>();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final int port;
  private volatile @Nullable ServerSocket listener;

  private FaultyS3(int upstreamPort) throws IOException {
    this.upstreamPort = upstreamPort;
    ServerSocket first = listen(0);
    this.port = first.getLocalPort();
    accept(first);
  }

  public static FaultyS3 inFrontOf(S3Server server) {
    try {
      return new FaultyS3(server.port());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** The store is down: connections are refused, those that are open are cut. */
  public void stop() {
    ServerSocket open = listener;
    listener = null;
    closeQuietly(open);
    sockets.forEach(FaultyS3::closeQuietly);
  }

  /** The store is back, on the same port. */
  public void start() {
    try {
      accept(listen(port));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    closed.countDown();
    stop();
  }

  /** Every request seen, also those that a rule answered (0 = cut before an answer). */
  public List<S3Request> requests() {
    return List.copyOf(requests);
  }

  /** How many requests had this method and object key. */
  public long count(String method, String key) {
    return requests.stream().filter(r -> r.is(method, key)).count();
  }

  public void forgetRequests() {
    requests.clear();
  }

  /** All is well again. */
  public void heal() {
    rules.clear();
  }

  /** Begins a rule for requests with this method, "*" for any. */
  public When when(String method) {
    return new When(r -> method.equals("*") || r.method().equals(method));
  }

  /** What a rule does to the requests it fits. */
  public final class When {

    private final Predicate<S3Request> fits;
    private final AtomicInteger times;

    private When(Predicate<S3Request> fits) {
      this(fits, Integer.MAX_VALUE);
    }

    private When(Predicate<S3Request> fits, int times) {
      this.fits = fits;
      this.times = new AtomicInteger(times);
    }

    /** Only for this object key. */
    public When key(String key) {
      return and(r -> r.key().equals(key));
    }

    /** Only when the query holds this text, as uploadId or partNumber=2. */
    public When query(String text) {
      return and(r -> r.query().contains(text));
    }

    /** Only for what else the predicate says. */
    public When and(Predicate<S3Request> more) {
      return new When(fits.and(more), times.get());
    }

    /** Only the first n. */
    public When times(int n) {
      return new When(fits, n);
    }

    /** Answers in place of the server, as 503 with SlowDown. */
    public void answer(int status, String code, String... headers) {
      rule(new Action.Answer(status, code, List.of(headers)));
    }

    /** Passes the request on after a while; closing ends the wait. */
    public void delay(Duration duration) {
      rule(new Action.Delay(duration));
    }

    /** Cuts the connection after so many bytes of the answer's body. */
    public void cutAnswerAt(long bytes) {
      rule(new Action.CutAnswer(bytes));
    }

    /** Cuts the connection after so many bytes of the request's body. */
    public void cutRequestAt(long bytes) {
      rule(new Action.CutRequest(bytes));
    }

    private void rule(Action action) {
      rules.add(new Rule(fits, times, action));
    }
  }

  private sealed interface Action {
    record Pass() implements Action {}

    record Answer(int status, String code, List<String> headers) implements Action {}

    record Delay(Duration duration) implements Action {}

    record CutAnswer(long bytes) implements Action {}

    record CutRequest(long bytes) implements Action {}
  }

  private record Rule(Predicate<S3Request> fits, AtomicInteger times, Action action) {
    boolean takes(S3Request request) {
      return fits.test(request) && times.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
    }
  }

  private record Head(List<String> lines) {
    String header(String name) {
      String prefix = name.toLowerCase(Locale.ROOT) + ":";
      return lines.stream()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
          .map(line -> line.substring(prefix.length()).strip())
          .findFirst()
          .orElse("");
    }

    long contentLength() {
      String length = header("Content-Length");
      return length.isEmpty() ? 0 : Long.parseLong(length);
    }

    int status() {
      return Integer.parseInt(lines.getFirst().split(" ", -1)[1]);
    }

    /** Without keep-alive the end of an answer is the end of its connection. */
    byte[] oneRequestOnly() {
      List<String> kept = new ArrayList<>(lines);
      kept.removeIf(line -> line.toLowerCase(Locale.ROOT).startsWith("connection:"));
      kept.add("Connection: close");
      return bytes(kept);
    }

    byte[] bytes() {
      return bytes(lines);
    }

    private static byte[] bytes(List<String> lines) {
      return (String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }
  }

  private static ServerSocket listen(int port) throws IOException {
    ServerSocket socket = new ServerSocket();
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(LOOPBACK, port), 200);
    return socket;
  }

  private void accept(ServerSocket socket) {
    listener = socket;
    Thread.ofVirtual()
        .name("faulty-s3-accept")
        .start(() -> {
          while (!socket.isClosed()) {
            try {
              Socket client = socket.accept();
              Thread.ofVirtual().name("faulty-s3").start(() -> serve(client));
            } catch (IOException _) {
              // Stopped; or a client that gave up early.
            }
          }
        });
  }

  private void serve(Socket client) {
    sockets.add(client);
    try (client) {
      Head head = readHead(client.getInputStream());
      if (head != null) {
        String[] line = head.lines().getFirst().split(" ", -1);
        handle(client, head, S3Request.of(line[0], line[1], 0));
      }
    } catch (IOException | InterruptedException _) {
      // One side went away: that is what this class is for.
    } finally {
      sockets.remove(client);
    }
  }

  private void handle(Socket client, Head head, S3Request request)
      throws IOException, InterruptedException {
    Action action =
        rules.stream()
            .filter(rule -> rule.takes(request))
            .map(Rule::action)
            .findFirst()
            .orElse(new Action.Pass());
    switch (action) {
      case Action.Answer answer -> {
        record(request, answer.status());
        answer(client, head, request, answer);
      }
      case Action.Delay(Duration duration) -> {
        if (!closed.await(duration.toMillis(), TimeUnit.MILLISECONDS)) {
          pass(client, head, request, Long.MAX_VALUE, Long.MAX_VALUE);
        }
      }
      case Action.CutAnswer(long bytes) -> pass(client, head, request, Long.MAX_VALUE, bytes);
      case Action.CutRequest(long bytes) -> pass(client, head, request, bytes, Long.MAX_VALUE);
      case Action.Pass() -> pass(client, head, request, Long.MAX_VALUE, Long.MAX_VALUE);
    }
  }

  private void record(S3Request request, int status) {
    requests.add(
        new S3Request(request.method(), request.bucket(), request.key(), request.query(), status));
  }

  private static void answer(Socket client, Head head, S3Request request, Action.Answer answer)
      throws IOException {
    if (!head.header("Expect").equalsIgnoreCase("100-continue")) {
      // A client that is still sending would see a reset instead of the answer.
      copy(client.getInputStream(), OutputStream.nullOutputStream(), head.contentLength());
    }
    String body =
        request.method().equals("HEAD") || answer.code().isEmpty()
            ? ""
            : "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>by rule</Message></Error>"
                .formatted(answer.code());
    List<String> lines = new ArrayList<>();
    lines.add("HTTP/1.1 " + answer.status() + " By Rule");
    lines.add("Content-Type: application/xml");
    lines.add("Content-Length: " + body.length());
    lines.add("Connection: close");
    lines.addAll(answer.headers());
    OutputStream out = client.getOutputStream();
    out.write(new Head(lines).bytes());
    out.write(body.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private void pass(
      Socket client, Head head, S3Request request, long requestLimit, long answerLimit)
      throws IOException {
    boolean recorded = false;
    try (Socket server = new Socket(LOOPBACK, upstreamPort)) {
      sockets.add(server);
      server.getOutputStream().write(head.oneRequestOnly());
      Thread sender =
          Thread.ofVirtual()
              .name("faulty-s3-request")
              .start(() -> send(client, server, head.contentLength(), requestLimit));
      try {
        InputStream answer = server.getInputStream();
        Head answerHead = readHead(answer);
        while (answerHead != null && answerHead.status() == 100) {
          client.getOutputStream().write(answerHead.bytes());
          answerHead = readHead(answer);
        }
        if (answerHead != null) {
          // Before the client can see the end of the answer.
          record(request, answerHead.status());
          recorded = true;
          client.getOutputStream().write(answerHead.oneRequestOnly());
          copy(answer, client.getOutputStream(), answerLimit);
        }
      } finally {
        if (!recorded) {
          record(request, 0);
        }
        closeQuietly(client);
        closeQuietly(server);
        sockets.remove(server);
        sender.interrupt();
      }
    }
  }

  private static void send(Socket client, Socket server, long length, long limit) {
    try {
      copy(client.getInputStream(), server.getOutputStream(), Math.min(length, limit));
      server.getOutputStream().flush();
      if (limit < length) {
        closeQuietly(client);
        closeQuietly(server);
      }
    } catch (IOException _) {
      // The other direction notices, too.
    }
  }

  private static void copy(InputStream in, OutputStream out, long limit) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long left = limit;
    while (left > 0) {
      int n = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (n < 0) {
        break;
      }
      out.write(buffer, 0, n);
      left -= n;
    }
    out.flush();
  }

  /** Null at the end of the connection. */
  private static @Nullable Head readHead(InputStream in) throws IOException {
    List<String> lines = new ArrayList<>();
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int b = in.read();
    while (b >= 0) {
      if (b == '\n') {
        String text = line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
        if (text.isEmpty()) {
          return new Head(lines);
        }
        lines.add(text);
        line.reset();
      } else {
        line.write(b);
      }
      b = in.read();
    }
    return null;
  }

  private static void closeQuietly(java.io.@Nullable Closeable closeable) {
    try {
      if (closeable != null) {
        closeable.close();
      }
    } catch (IOException _) {
      // It is to be gone, and it is.
    }
  }
}
