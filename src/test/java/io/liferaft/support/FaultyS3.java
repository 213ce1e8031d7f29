package io.liferaft.support;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.liferaft.support.S3Server.S3Request;
import java.io.BufferedInputStream;
import java.io.FilterOutputStream;
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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A network that fails by rule, between clients and a real S3 server. Passes requests on as they
 * are, Host header included, because it is part of the signature; one request per connection;
 * bodies stream through. Can be taken for an HTTP proxy, too. Rules are tried in order of their
 * making, the first that fits acts.
 */
public final class FaultyS3 implements AutoCloseable {

  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private final int upstreamPort;
  private final List<Rule> rules = new CopyOnWriteArrayList<>();
  private final List<S3Request> requests = new CopyOnWriteArrayList<>();
  private final List<Served> served = new CopyOnWriteArrayList<>();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final int port;
  private volatile List<String> dropped = List.of();
  private ServerSocket listener;
  private Thread acceptor;

  private FaultyS3(int upstreamPort) throws IOException {
    this.upstreamPort = upstreamPort;
    listener = listen(0);
    port = listener.getLocalPort();
    acceptor = accept(listener, this::take);
  }

  public static FaultyS3 inFrontOf(S3Server server) {
    return inFrontOf(server.port());
  }

  /** In front of any S3 server on this machine. */
  public static FaultyS3 inFrontOf(int port) {
    try {
      return new FaultyS3(port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** The store is down: connections are refused, those that are open are cut. */
  public synchronized void stop() {
    closeQuietly(listener);
    try {
      // Its port is free only when nobody waits on it any more.
      acceptor.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    sockets.forEach(FaultyS3::closeQuietly);
  }

  /** The store is back, on the same port. */
  public synchronized void start() {
    try {
      listener = listen(port);
      acceptor = accept(listener, this::take);
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

  /**
   * The content that one GET brought.
   *
   * @param range as asked for, empty for the whole
   * @param bytes that have gone out
   */
  public record Served(String key, String range, AtomicLong bytes) {}

  /** The content of every GET that the server answered with some, oldest first. */
  public List<Served> served() {
    return List.copyOf(served);
  }

  /** How many requests had this method and object key. */
  public long count(String method, String key) {
    return requests.stream().filter(r -> r.is(method, key)).count();
  }

  public void forgetRequests() {
    requests.clear();
    served.clear();
  }

  /** Requests arrive without If-Match and If-None-Match; the server must check no signatures. */
  public void ignoreConditions(boolean ignore) {
    dropped = ignore ? List.of("If-Match", "If-None-Match") : List.of();
  }

  /** Requests arrive without these, but are recorded with them; as {@link #ignoreConditions}. */
  public void ignoreHeaders(String... names) {
    dropped = List.of(names);
  }

  /** A request that is kept on its way. */
  public static final class Held {

    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    /** Whether the request has come. */
    public boolean reached() {
      return reached.getCount() == 0;
    }

    /** It may go on. */
    public void release() {
      released.countDown();
    }
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
      rule(new Fault.Answer(status, code, "by rule", List.of(headers)));
    }

    /** Answers in place of the server, with these words of the store. */
    public void refuse(int status, String code, String message) {
      rule(new Fault.Answer(status, code, message, List.of()));
    }

    /** Passes the request on after a while; closing ends the wait. */
    public void delay(Duration duration) {
      rule(new Fault.Delay(duration));
    }

    /** Cuts the connection after so many bytes of the answer's body. */
    public void cutAnswerAt(long bytes) {
      rule(new Fault.CutAnswer(bytes));
    }

    /** Sends the answer's body no faster than this, and cuts the connection after so many bytes. */
    public void slow(int bytesPerSecond, long cutAt) {
      rule(new Fault.SlowAnswer(bytesPerSecond, cutAt));
    }

    /** Cuts the connection after so many bytes of the request's body. */
    public void cutRequestAt(long bytes) {
      rule(new Fault.CutRequest(bytes));
    }

    /** Sends no more after so many bytes of the answer's body, until somebody goes away. */
    public void holdAnswerAt(long bytes) {
      rule(new Fault.HoldAnswer(bytes));
    }

    /** Passes the request on whole and cuts the connection before the first byte of the answer. */
    public void loseAnswer() {
      rule(new Fault.LoseAnswer());
    }

    /** Passes nothing on and resets the connection. */
    public void reset() {
      rule(new Fault.Reset());
    }

    /**
     * Passes the request on whole, and answers in place of the server, which has carried it out.
     */
    public void carryOutButAnswer(int status, String code) {
      rule(new Fault.DoneBut(new Fault.Answer(status, code, "by rule", List.of())));
    }

    /** Keeps the request, its body unread, until it is released. */
    public Held hold() {
      Held held = new Held();
      rule(new Fault.HoldRequest(held));
      return held;
    }

    private void rule(Fault fault) {
      rules.add(new Rule(fits, times, fault));
    }
  }

  private record Rule(Predicate<S3Request> fits, AtomicInteger times, Fault fault) {
    boolean takes(S3Request request) {
      return fits.test(request) && times.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
    }
  }

  private static ServerSocket listen(int port) throws IOException {
    ServerSocket socket = new ServerSocket();
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(LOOPBACK, port), 200);
    return socket;
  }

  private static Thread accept(ServerSocket socket, Consumer<Socket> server) {
    return Thread.ofVirtual()
        .name("faulty-s3-accept")
        .start(() -> {
          while (!socket.isClosed()) {
            try {
              server.accept(socket.accept());
            } catch (IOException _) {
              // Stopped; or a client that gave up early.
            }
          }
        });
  }

  /** On the accepting thread, so that stopping finds every socket. */
  private void take(Socket client) {
    sockets.add(client);
    Thread.ofVirtual().name("faulty-s3").start(() -> serve(client));
  }

  /**
   * What a client asks.
   *
   * @param in behind the head
   */
  private record Asked(Socket client, InputStream in, HttpHead head, S3Request request) {
    OutputStream out() throws IOException {
      return client.getOutputStream();
    }

    boolean expectsContinue() {
      return head.header("Expect").equalsIgnoreCase("100-continue");
    }
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = new BufferedInputStream(client.getInputStream());
      HttpHead read = HttpHead.read(in);
      if (read != null) {
        HttpHead head = read.originForm();
        String[] line = head.lines().getFirst().split(" ", -1);
        S3Request request = S3Request.of(line[0], line[1], 0).with(0, head.lines());
        handle(new Asked(client, in, head.without(dropped.toArray(String[]::new)), request));
      }
    } catch (IOException | InterruptedException _) {
      // One side went away: that is what this class is for.
    } finally {
      sockets.remove(client);
    }
  }

  private void handle(Asked asked) throws IOException, InterruptedException {
    S3Request request = asked.request();
    Fault fault =
        rules.stream()
            .filter(rule -> rule.takes(request))
            .map(Rule::fault)
            .findFirst()
            .orElse(new Fault.Pass());
    switch (fault) {
      case Fault.Answer answer -> {
        record(request, answer.status());
        if (!asked.expectsContinue()) {
          // A client that is still sending would see a reset instead of the answer.
          HttpHead.copy(asked.in(), OutputStream.nullOutputStream(), asked.head().contentLength());
        }
        answer(asked, answer);
      }
      case Fault.Delay(Duration duration) -> {
        if (!closed.await(duration.toMillis(), TimeUnit.MILLISECONDS)) {
          pass(asked, Long.MAX_VALUE, Long.MAX_VALUE, 0);
        }
      }
      case Fault.CutAnswer(long bytes) -> pass(asked, Long.MAX_VALUE, bytes, 0);
      case Fault.SlowAnswer(int bytesPerSecond, long bytes) ->
          pass(asked, Long.MAX_VALUE, bytes, bytesPerSecond);
      case Fault.LoseAnswer() -> carryOut(asked);
      case Fault.Reset() -> {
        record(request, 0);
        asked.client().setSoLinger(true, 0);
      }
      case Fault.DoneBut(Fault.Answer answer) -> {
        carryOut(asked);
        answer(asked, answer);
      }
      case Fault.HoldRequest(Held held) -> {
        held.reached.countDown();
        while (!held.released.await(50, TimeUnit.MILLISECONDS)) {
          if (closed.getCount() == 0) {
            return;
          }
        }
        pass(asked, Long.MAX_VALUE, Long.MAX_VALUE, 0);
      }
      case Fault.HoldAnswer(long bytes) -> hold(asked, bytes);
      case Fault.CutRequest(long bytes) -> pass(asked, bytes, Long.MAX_VALUE, 0);
      case Fault.Pass() -> pass(asked, Long.MAX_VALUE, Long.MAX_VALUE, 0);
    }
  }

  private void record(S3Request request, int status) {
    requests.add(request.with(status, request.head()));
  }

  private static void answer(Asked asked, Fault.Answer answer) throws IOException {
    String body =
        asked.request().method().equals("HEAD") || answer.code().isEmpty()
            ? ""
            : "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>"
                .formatted(answer.code(), answer.message());
    List<String> lines = new ArrayList<>();
    lines.add("HTTP/1.1 " + answer.status() + " By Rule");
    lines.add("Content-Type: application/xml");
    lines.add("Content-Length: " + body.length());
    lines.add("Connection: close");
    lines.addAll(answer.headers());
    OutputStream out = asked.out();
    out.write(new HttpHead(lines).bytes());
    out.write(body.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private void pass(Asked asked, long requestLimit, long answerLimit, int bytesPerSecond)
      throws IOException {
    boolean recorded = false;
    try (Socket server = new Socket(LOOPBACK, upstreamPort)) {
      sockets.add(server);
      server.getOutputStream().write(asked.head().oneRequestOnly());
      Thread sender =
          Thread.ofVirtual()
              .name("faulty-s3-request")
              .start(() -> send(asked, server, requestLimit));
      try {
        InputStream answer = new BufferedInputStream(server.getInputStream());
        HttpHead answerHead = HttpHead.read(answer);
        while (answerHead != null && answerHead.status() == 100) {
          asked.out().write(answerHead.bytes());
          answerHead = HttpHead.read(answer);
        }
        if (answerHead != null) {
          // Before the client can see the end of the answer.
          record(asked.request(), answerHead.status());
          recorded = true;
          asked.out().write(answerHead.oneRequestOnly());
          OutputStream out = content(asked, answerHead);
          HttpHead.copy(
              answer,
              bytesPerSecond == 0 ? out : new SlowOutputStream(out, bytesPerSecond),
              answerLimit);
        }
      } finally {
        if (!recorded) {
          record(asked.request(), 0);
        }
        closeQuietly(asked.client());
        closeQuietly(server);
        sockets.remove(server);
        sender.interrupt();
      }
    }
  }

  private OutputStream content(Asked asked, HttpHead answerHead) throws IOException {
    OutputStream out = asked.out();
    if (!asked.request().method().equals("GET") || answerHead.status() / 100 != 2) {
      return out;
    }
    AtomicLong bytes = new AtomicLong();
    served.add(new Served(asked.request().key(), asked.head().header("Range"), bytes));
    return new FilterOutputStream(out) {
      @Override
      public void write(byte[] b, int off, int len) throws IOException {
        out.write(b, off, len);
        bytes.addAndGet(len);
      }
    };
  }

  /** Ten small writes a second. */
  private final class SlowOutputStream extends FilterOutputStream {

    private static final int WRITES_PER_SECOND = 10;

    private final int piece;

    SlowOutputStream(OutputStream out, int bytesPerSecond) {
      super(out);
      this.piece = Math.max(1, bytesPerSecond / WRITES_PER_SECOND);
    }

    @Override
    public void write(byte[] b, int off, int len) throws IOException {
      for (int at = off; at < off + len; at += piece) {
        out.write(b, at, Math.min(piece, off + len - at));
        out.flush();
        try {
          if (closed.await(1000 / WRITES_PER_SECOND, TimeUnit.MILLISECONDS)) {
            throw new IOException("closed");
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException(e);
        }
      }
    }
  }

  /** The client is told nothing of it. */
  private void carryOut(Asked asked) throws IOException {
    try (Socket server = new Socket(LOOPBACK, upstreamPort)) {
      sockets.add(server);
      HttpHead head = asked.head();
      server.getOutputStream().write(head.without("Expect").oneRequestOnly());
      if (asked.expectsContinue()) {
        asked.out().write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(US_ASCII));
      }
      HttpHead.copy(asked.in(), server.getOutputStream(), head.contentLength());
      HttpHead answer = HttpHead.read(new BufferedInputStream(server.getInputStream()));
      record(asked.request(), answer == null ? 0 : answer.status());
      sockets.remove(server);
    }
  }

  /** The client's next byte, or the end of its connection, ends the wait. */
  private void hold(Asked asked, long bytes) throws IOException {
    try (Socket server = new Socket(LOOPBACK, upstreamPort)) {
      sockets.add(server);
      server.getOutputStream().write(asked.head().oneRequestOnly());
      InputStream answer = new BufferedInputStream(server.getInputStream());
      HttpHead answerHead = HttpHead.read(answer);
      record(asked.request(), answerHead == null ? 0 : answerHead.status());
      if (answerHead != null) {
        asked.out().write(answerHead.oneRequestOnly());
        HttpHead.copy(answer, content(asked, answerHead), bytes);
        int _ = asked.in().read();
      }
      sockets.remove(server);
    }
  }

  private static void send(Asked asked, Socket server, long limit) {
    long length = asked.head().contentLength();
    try {
      HttpHead.copy(asked.in(), server.getOutputStream(), Math.min(length, limit));
      server.getOutputStream().flush();
      if (limit < length) {
        closeQuietly(asked.client());
        closeQuietly(server);
      }
    } catch (IOException _) {
      // The other direction notices, too.
    }
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
