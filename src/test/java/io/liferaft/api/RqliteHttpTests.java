package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.NodeStatus.Phase;
import io.liferaft.raft.NodeStatus.Role;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.ReadLevel;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.raft.SqlReply;
import io.liferaft.raft.SqlRequest;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.support.TestRaftNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Transport, bodies, errors and routing to the leader, over a socket. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RqliteHttpTests {

  private static final int LIMIT = 12 << 20;

  @AutoClose private ApiServer server;
  private TestRaftNode raft;

  @BeforeAll
  void start(@TempDir Path folder) {
    server = new ApiServer(folder, "--liferaft.http.max-statement-body=12MB");
    raft = server.raft;
  }

  @BeforeEach
  void reset() {
    raft.reset();
  }

  @Test
  void takesChunkedBodies() throws IOException {
    RawHttp.Answer answer =
        server.http.exchange(out -> {
          out.write(head("POST", "/db/execute", "Transfer-Encoding: chunked\r\n"));
          out.write(ascii("4\r\n[\"IN\r\n5\r\nSERT\"\r\n1\r\n]\r\n0\r\n\r\n"));
        });

    assertThat(answer.status()).isEqualTo(200);
    assertThat(raft.asked.getFirst().statements().getFirst().sql()).isEqualTo("INSERT");
  }

  @ParameterizedTest
  @CsvSource({
    "/db/execute, Content-Length: 60, '[\"INSERT\"]'",
    "/db/request, Content-Length: 60, '[\"INSERT\"]'",
    "/db/query, Content-Length: 60, '[\"SELECT\"]'",
    "/db/execute?queue, Content-Length: 60, '[\"INSERT\"]'",
    "/db/execute, Transfer-Encoding: chunked, 'a|[\"INSERT\"]|'"
  })
  void doesNothingForARequestThatDoesNotComeToItsEnd(String target, String length, String body)
      throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      out.write(head("POST", target, length + "\r\n"));
      out.write(ascii(body.replace("|", "\r\n")));
      socket.shutdownOutput();

      RawHttp.Answer answer = RawHttp.read(new BufferedInputStream(socket.getInputStream()));

      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.header("Content-Type")).containsExactly("text/plain; charset=utf-8");
      assertThat(answer.text()).hasLineCount(1).contains("incomplete");
      assertThat(raft.asked).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'GET /status HTTP/9.9', 505",
    "'CONNECT localhost:80 HTTP/1.1', 501",
    "'GET /db/query?q=a b HTTP/1.1', 400",
    "'POST /db/execute HTTP/1.1|Transfer-Encoding: odd', 501"
  })
  void refusesWhatIsNoHttpOfOursInALineOfText(String head, int status) throws IOException {
    RawHttp.Answer answer =
        server.http.exchange(
            out -> out.write(ascii(head.replace("|", "\r\n") + "\r\nHost: localhost\r\n\r\n")));

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.text()).hasLineCount(1).doesNotContain("<");
  }

  @Test
  void asksForTheBodyOfWhoExpectsIt() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      InputStream in = new BufferedInputStream(socket.getInputStream());
      out.write(head("POST", "/db/execute", "Expect: 100-continue\r\nContent-Length: 10\r\n"));
      out.flush();
      assertThat(RawHttp.read(in).status()).isEqualTo(100);
      out.write(ascii("[\"INSERT\"]"));
      out.flush();
      assertThat(RawHttp.read(in).status()).isEqualTo(200);
    }
  }

  @Test
  void refusesALargeBodyBeforeItIsSent() throws IOException {
    RawHttp.Answer answer =
        server.http.exchange(out ->
            out.write(
                head(
                    "POST",
                    "/db/execute",
                    "Expect: 100-continue\r\nContent-Length: " + (LIMIT + 1) + "\r\n")));

    assertTooLarge(answer);
  }

  @Test
  void refusesALargeBodyByItsLength() throws IOException {
    byte[] body = ascii("[\"" + " ".repeat(LIMIT) + "\"]");

    assertTooLarge(server.http.send("POST", "/db/execute", "", body));
    assertTooLarge(server.http.send("POST", "/db/query", "Content-Type: text/plain\r\n", body));
  }

  @Test
  void refusesALargeChunkedBody() throws IOException {
    long[] sent = new long[1];
    byte[] chunk = ascii("10000\r\n" + " ".repeat(1 << 16) + "\r\n");

    RawHttp.Answer answer =
        server.http.exchange(out -> {
          out.write(head("POST", "/db/request", "Transfer-Encoding: chunked\r\n"));
          out.write(ascii("2\r\n[\"\r\n"));
          while (sent[0] < 2 * LIMIT) {
            out.write(chunk);
            sent[0] += 1 << 16;
          }
        });

    assertTooLarge(answer);
    // A client that reads only when it has sent everything is not cut off before it can.
    assertThat(sent[0]).isEqualTo(2 * LIMIT);
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void letsTheJdksClientSeeWhyALargeBodyIsRefused() throws Exception {
    byte[] body = ascii("[\"" + " ".repeat(5 * LIMIT));
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + server.port() + "/db/execute"))
                  .POST(
                      HttpRequest.BodyPublishers.ofInputStream(
                          () -> new ByteArrayInputStream(body)))
                  .build(),
              HttpResponse.BodyHandlers.ofString());

      assertThat(answer.statusCode()).isEqualTo(413);
    }
  }

  @Test
  void doesNotReadOnForEver() throws IOException {
    byte[] chunk = ascii("10000\r\n" + " ".repeat(1 << 16) + "\r\n");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      OutputStream out = socket.getOutputStream();
      out.write(head("POST", "/db/request", "Transfer-Encoding: chunked\r\n"));
      assertTimeoutPreemptively(
          Duration.ofSeconds(30),
          () ->
              assertThatIOException()
                  .isThrownBy(() -> {
                    while (true) {
                      out.write(chunk);
                    }
                  }));
    }
  }

  private static void assertTooLarge(RawHttp.Answer answer) {
    assertThat(answer.status()).isEqualTo(413);
    assertThat(answer.text())
        .isEqualTo(
            "request body is larger than 12582912 bytes (liferaft.http.max-statement-body)\n");
    assertThat(answer.header("Content-Type")).containsExactly("text/plain; charset=utf-8");
  }

  @Test
  void takesALongStatementAndManyStatements() throws IOException {
    assertThat(server.http.post("/db/execute", "[\"" + "x".repeat(10 << 20) + "\"]").status())
        .isEqualTo(200);
    assertThat(server.http.post("/db/execute", "[\"a\"" + ",\"a\"".repeat(99_999) + "]").status())
        .isEqualTo(200);

    assertThat(raft.asked.getFirst().statements().getFirst().sql()).hasSize(10 << 20);
    assertThat(raft.asked.getLast().statements()).hasSize(100_000);
  }

  @Test
  void givesBackWhatAnsweredStatementsTook() throws IOException {
    String body = "[\"" + "x".repeat(11 << 20) + "\"]";
    long quarterOfHeap = Runtime.getRuntime().maxMemory() / 4;

    for (long taken = 0; taken <= quarterOfHeap; taken += 22 << 20) {
      assertThat(server.http.post("/db/execute", body).status()).isEqualTo(200);
      raft.asked.clear();
    }
  }

  @Test
  void ignoresTheUpgradeThatTheJdksClientSends() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + server.port() + "/db/execute"))
                  .POST(HttpRequest.BodyPublishers.ofString("[\"INSERT\"]"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());

      assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
      assertThat(answer.body()).isEqualTo("{\"results\":[]}");
    }
  }

  @Test
  void sendsLargeAnswersInChunks() throws IOException {
    String text = "é".repeat(500);
    List<@Nullable Object[]> rows =
        IntStream.range(0, 5_000).<@Nullable Object[]>mapToObj(_ -> new Object[] {text}).toList();
    raft.sql = _ -> TestRaftNode.reply(new SqlResult.Rows(List.of("a"), List.of("text"), rows, 0));

    RawHttp.Answer answer = server.http.get("/db/query?q=x");

    assertThat(answer.whole()).isTrue();
    assertThat(answer.header("Transfer-Encoding")).containsExactly("chunked");
    assertThat(answer.text())
        .isEqualTo(
            "{\"results\":[{\"columns\":[\"a\"],\"types\":[\"text\"],\"values\":["
                + ("[\"" + text + "\"],").repeat(4_999)
                + "[\""
                + text
                + "\"]]}]}");
  }

  @Test
  void qualifiesColumnsOfReadsWhenAsked() throws IOException {
    List<@Nullable Object[]> rows = List.<@Nullable Object[]>of(new Object[] {1L, 2L});
    raft.sql =
        _ ->
            TestRaftNode.reply(
                new SqlResult.Rows(
                    List.of("i", "1+1"), List.of("t", ""), List.of("int", "integer"), rows, 0));

    String plain = "\"columns\":[\"i\",\"1+1\"]";
    String qualified = "\"columns\":[\"t.i\",\"1+1\"]";
    assertThat(server.http.get("/db/query?q=SELECT").text()).contains(plain);
    assertThat(server.http.get("/db/query?q=SELECT&qualify_columns").text()).contains(qualified);
    assertThat(server.http.post("/db/request?qualify_columns", "[\"SELECT\"]").text())
        .contains(qualified);
    assertThat(server.http.post("/db/execute?qualify_columns", "[\"INSERT\"]").text())
        .contains(plain);
    assertThat(server.http.get("/db/query?q=SELECT&qualify_columns&associative").text())
        .contains("\"types\":{\"1+1\":\"integer\",\"t.i\":\"int\"}");
  }

  @Test
  void timesStatementsAndRequests() throws IOException {
    raft.sql =
        _ ->
            TestRaftNode.reply(
                new SqlResult.Write(1, 1, 60_000),
                new SqlResult.Failed("x", 5),
                new SqlResult.Rows(List.of("a"), List.of(""), List.of(), 1_500_000_000));

    assertThat(server.http.post("/db/request?timings", "[\"x\"]").text())
        .matches(
            "\\{\"results\":\\[\\{\"last_insert_id\":1,\"rows_affected\":1,\"time\":0.00006},"
                + "\\{\"error\":\"x\"},\\{\"columns\":\\[\"a\"],\"types\":\\[\"\"],\"time\":1.5}],"
                + "\"time\":0\\.[0-9]+}");
  }

  @Test
  void passesParametersOn() throws IOException {
    server.http.get(
        "/db/query?q=SELECT+1&level=none&freshness=1s&freshness_strict&timeout=2s"
            + "&linearizable_timeout=3s&db_timeout=4s&transaction");
    server.http.post("/db/execute?timeout=-1s", "[\"INSERT\"]");
    server.http.post("/db/request?level=auto&freshness=1s", "[\"SELECT 1\"]");
    server.http.post("/db/query?level=auto", "[\"SELECT 1\"]");

    assertThat(raft.calls).containsExactly("query", "execute", "request", "query");
    SqlRequest query = raft.asked.get(0);
    assertThat(query.level()).isEqualTo(ReadLevel.NONE);
    assertThat(query.freshness()).isEqualTo(Duration.ofSeconds(1));
    assertThat(query.freshnessStrict()).isTrue();
    assertThat(query.timeout()).isEqualTo(Duration.ofSeconds(2));
    assertThat(query.linearizableTimeout()).isEqualTo(Duration.ofSeconds(3));
    assertThat(query.statementTimeout()).isEqualTo(Duration.ofSeconds(4));
    assertThat(query.transaction()).isTrue();
    SqlRequest execute = raft.asked.get(1);
    assertThat(execute.form()).isEqualTo(SqlForm.EXECUTE);
    assertThat(execute.timeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(execute.statementTimeout()).isNull();
    assertThat(execute.transaction()).isFalse();
    SqlRequest request = raft.asked.get(2);
    assertThat(request.form()).isEqualTo(SqlForm.REQUEST);
    assertThat(request.level()).isEqualTo(ReadLevel.NONE);
    assertThat(request.freshness()).isNull();
    assertThat(request.linearizableTimeout()).isEqualTo(Duration.ofSeconds(1));
    assertThat(raft.asked.get(3).level()).isEqualTo(ReadLevel.AUTO);
  }

  @Test
  void namesWhoServedAForwardedRequest() throws IOException {
    raft.sql = _ -> new SqlReply(List.of(), null, 5, "127.0.0.1:4012");

    assertThat(server.http.post("/db/execute", "[\"INSERT\"]").header("X-Rqlite-Served-By"))
        .containsExactly("127.0.0.1:4012");
  }

  @Test
  void redirectsWhoAsksForIt() throws IOException {
    raft.status = TestRaftNode.following();

    RawHttp.Answer answer = server.http.post("/db/execute?redirect&pretty", "[\"INSERT\"]");

    assertThat(answer.status()).isEqualTo(301);
    assertThat(answer.header("Location"))
        .containsExactly("http://127.0.0.1:4011/db/execute?redirect&pretty");
    assertThat(answer.header("Content-Length")).containsExactly("0");
    assertThat(server.http.get("/db/backup?redirect").status()).isEqualTo(301);
    assertThat(server.http.post("/db/load?redirect", "SELECT 1").status()).isEqualTo(301);
    assertThat(server.http.post("/leader?redirect", "").status()).isEqualTo(301);
    assertThat(server.http.post("/db/request?redirect", "[\"SELECT 1\"]").status()).isEqualTo(301);
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void doesNotRedirectWhatEveryNodeAnswers() throws IOException {
    raft.status = TestRaftNode.following();

    assertThat(server.http.get("/db/query?redirect&level=none&q=x").status()).isEqualTo(200);
    assertThat(server.http.post("/db/request?redirect&level=none", "[\"SELECT 1\"]").status())
        .isEqualTo(200);
    assertThat(server.http.post("/db/request?redirect&level=none", "[\"INSERT\"]").status())
        .isEqualTo(301);
    assertThat(server.http.get("/db/query?redirect&level=auto&q=x").status()).isEqualTo(301);
    raft.status = TestRaftNode.status(Phase.RUNNING, Role.LISTENER, TestRaftNode.OTHER);
    assertThat(server.http.get("/db/query?redirect&level=auto&q=x").status()).isEqualTo(200);
  }

  @Test
  void redirectsNowhereWithoutALeader() throws IOException {
    raft.status = TestRaftNode.status(Phase.RUNNING, Role.FOLLOWER, null);

    RawHttp.Answer answer = server.http.post("/db/execute?redirect", "[\"INSERT\"]");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text()).isEqualTo("leader not found\n");
  }

  @Test
  void answersEachErrorAsTheTableSays() throws IOException {
    assertFails(new NotLeaderException("x"), 503, "leader not found\n");
    assertFails(
        new CommitUnknownException("leader lost", null),
        503,
        "outcome unknown, the write may still be applied: leader lost\n");
    assertFails(new RequestRefusedException("no"), 400, "no\n");
    assertFails(new SqliteException.NodeFault("disk full", true, false, null), 500, "disk full\n");
    assertFails(new IllegalArgumentException("bad"), 400, "bad\n");
    RawHttp.Answer internal = failing(new IllegalStateException("secret"));
    assertThat(internal.status()).isEqualTo(500);
    assertThat(internal.text()).matches("internal error [0-9a-f-]{36}\n");
  }

  @Test
  void saysWhenToTryAgain() throws IOException {
    RawHttp.Answer answer =
        failing(new NotReadyException("restore is running", Duration.ofMillis(1500)));

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text()).isEqualTo("restore is running\n");
    assertThat(answer.header("Retry-After")).containsExactly("2");
    assertThat(failing(new NotReadyException("x", Duration.ZERO)).header("Retry-After"))
        .containsExactly("1");
  }

  @Test
  void leavesTheActuatorAlone() throws IOException {
    assertThat(server.http.get("/actuator/health").text()).contains("\"status\":\"UP\"");
    assertThat(server.http.get("/actuator/health").header("X-Rqlite-Version")).isEmpty();
    server.http.get("/db/query?q=x");
    server.http.get("/nonexist");

    String metrics = server.http.get("/actuator/prometheus").text();

    assertThat(metrics)
        .containsPattern(
            "liferaft_api_requests_seconds_count\\{result=\"ok\",route=\"query\"\\} [1-9]")
        .containsPattern(
            "liferaft_api_requests_seconds_count\\{result=\"bad_request\",route=\"none\"\\} [1-9]");
  }

  private void assertFails(RuntimeException e, int status, String text) throws IOException {
    RawHttp.Answer answer = failing(e);
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.text()).isEqualTo(text);
    assertThat(answer.header("X-Content-Type-Options")).containsExactly("nosniff");
  }

  private RawHttp.Answer failing(RuntimeException e) throws IOException {
    raft.sql =
        _ -> {
          throw e;
        };
    return server.http.post("/db/execute", "[\"INSERT\"]");
  }

  private static byte[] head(String method, String target, String headers) {
    return RawHttp.head(method, target, headers);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
