package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.NodeStatus.Phase;
import io.liferaft.raft.NodeStatus.Role;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.SqlReply;
import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.support.TestRaftNode;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code /db/execute?queue} over a socket (section 8 of the contract, rows C and S of 24). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QueuedWritesTests {

  private static final Pattern ANSWER =
      Pattern.compile("\\{\"results\":\\[],\"sequence_number\":([0-9]{19})}");

  @AutoClose private ApiServer server;
  private TestRaftNode raft;

  @BeforeAll
  void start(@TempDir Path folder) {
    server = new ApiServer(folder, "--liferaft.queue.capacity=3", "--liferaft.queue.batch-size=2");
    raft = server.raft;
  }

  @BeforeEach
  void reset() {
    raft.reset();
  }

  /** Nothing is left for the next test. */
  @AfterEach
  void drain() throws IOException {
    raft.status = TestRaftNode.leading();
    raft.sql = _ -> TestRaftNode.reply();
    Waiting.await("the queue is empty")
        .until(() -> server.http.post("/db/execute?queue&wait", "[]").status() == 200);
  }

  private static long number(RawHttp.Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    Matcher matcher = ANSWER.matcher(answer.text());
    assertThat(matcher.matches()).as(answer.text()).isTrue();
    return Long.parseLong(matcher.group(1));
  }

  @Test
  void answersAtOnceWithARunningNumber() throws IOException {
    CountDownLatch open = held();

    RawHttp.Answer first = server.http.post("/db/execute?queue", "[\"INSERT 1\"]");
    RawHttp.Answer second =
        server.http.post("/db/execute?queue&transaction&level=strong", "[[\"INSERT ?\", 2]]");

    assertThat(number(second)).isEqualTo(number(first) + 1);
    assertThat(first.header("Content-Type")).containsExactly("application/json; charset=utf-8");
    assertThat(first.header("X-Rqlite-Version")).hasSize(1);
    assertThat(first.header("X-Rqlite-Served-By")).isEmpty();
    open.countDown();
    assertThat(server.http.post("/db/execute?queue&wait", "[]").status()).isEqualTo(200);
    assertThat(raft.asked.getFirst().statements())
        .containsExactly(
            SqlStatement.of("INSERT 1"),
            new SqlStatement("INSERT ?", List.of(new SqlParameter(null, 2L))));
    assertThat(raft.asked.getFirst().transaction()).isFalse();
  }

  @Test
  void waitsUntilItIsWritten() throws IOException {
    assertThat(number(server.http.post("/db/execute?queue&wait", "[\"INSERT 1\"]"))).isPositive();

    assertThat(raft.calls).containsExactly("execute");
    assertThat(server.http.post("/db/execute?queue&wait&timings", "[\"INSERT 1\"]").text())
        .matches("\\{\"results\":\\[],\"time\":0\\.[0-9]+,\"sequence_number\":[0-9]{19}}");
    assertThat(server.http.post("/db/execute?queue&pretty", "[\"INSERT 1\"]").text())
        .matches("\\{\n {4}\"results\": \\[],\n {4}\"sequence_number\": [0-9]{19}\n}");
  }

  @Test
  void saysThatTheTimeToWaitIsOver() throws IOException {
    CountDownLatch open = held();

    RawHttp.Answer answer =
        server.http.post("/db/execute?queue&wait&timeout=50ms", "[\"INSERT 1\"]");

    assertThat(answer.status()).isEqualTo(408);
    assertThat(answer.text()).isEqualTo("queue wait timeout\n");
    open.countDown();
    Waiting.await("the write stays queued").until(() -> !raft.asked.isEmpty());
  }

  @Test
  void saysThatTheQueueIsFull() throws IOException {
    CountDownLatch open = held();
    for (int i = 0; i < 3; i++) {
      assertThat(number(server.http.post("/db/execute?queue", "[\"INSERT 1\"]"))).isPositive();
    }

    RawHttp.Answer answer = server.http.post("/db/execute?queue&timeout=50ms", "[\"INSERT 2\"]");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text()).startsWith("the queue of writes is full: 3 requests");
    assertThat(answer.header("Retry-After")).containsExactly("1");
    open.countDown();
  }

  @Test
  void tellsWhoWaitsThatTheOutcomeIsUnknown() throws IOException {
    raft.sql =
        _ -> {
          throw new CommitUnknownException("the leader did not answer", null);
        };

    RawHttp.Answer answer = server.http.post("/db/execute?queue&wait", "[\"INSERT 1\"]");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text())
        .isEqualTo("outcome unknown, the write may still be applied: the leader did not answer\n");
    raft.sql = _ -> TestRaftNode.reply();
    assertThat(server.http.post("/db/execute?queue&wait", "[]").status()).isEqualTo(503);
    assertThat(server.http.post("/db/execute?queue&wait", "[]").status()).isEqualTo(200);
  }

  @Test
  void tellsWhoWaitsThatTheWholeRequestFailed() throws IOException {
    raft.sql = _ -> new SqlReply(List.of(), "a transaction was left open", 3, "127.0.0.1:4001");

    assertThat(server.http.post("/db/execute?queue&wait", "[\"BEGIN\"]").text())
        .matches(
            "\\{\"results\":\\[],\"error\":\"a transaction was left open\","
                + "\"sequence_number\":[0-9]{19}}");
  }

  /** Row C: everything that can be refused is, and nothing after it suffers. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nonsense|invalid JSON body",
        "INSERT INTO foo VALUES(1)|invalid JSON body",
        "''|invalid JSON body",
        "[\"INSERT 1\",]|invalid JSON body",
        "{}|invalid request",
        "[[]]|invalid request",
        "[]|no statements",
        "[[\"INSERT ?\", {\"a\": {}}]]|unsupported type map[string]interface {}",
        "[\"PRAGMA journal_mode=DELETE\"]|disallowed pragma",
        "[\"INSERT 1\", \"PRAGMA main.journal_mode(delete)\"]|disallowed pragma",
      })
  void rowCRefusesAtOnceWhatCannotBeWritten(String body, String text) throws IOException {
    RawHttp.Answer answer =
        server.http.send(
            "POST",
            "/db/execute?queue",
            "Content-Type: text/plain\r\n",
            body.getBytes(StandardCharsets.UTF_8));

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).isEqualTo(text + "\n");
    assertThat(answer.header("Content-Type")).containsExactly("text/plain; charset=utf-8");
    assertThat(number(server.http.post("/db/execute?queue&wait", "[\"INSERT 1\"]"))).isPositive();
    assertThat(raft.asked).hasSize(1);
  }

  /** Row S. */
  @Test
  void rowSRefusesWithoutALeader() throws IOException {
    raft.status = TestRaftNode.status(Phase.RUNNING, Role.FOLLOWER, null);

    RawHttp.Answer answer = server.http.post("/db/execute?queue", "[\"INSERT 1\"]");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text()).isEqualTo("leader not found\n");
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void asksForNoLeaderWhenTold() throws IOException {
    raft.status = TestRaftNode.status(Phase.RUNNING, Role.FOLLOWER, null);
    raft.sql =
        _ -> {
          throw new NotLeaderException("leader not found");
        };
    assertThat(number(server.http.post("/db/execute?queue&noleader", "[\"INSERT 1\"]")))
        .isPositive();
    Waiting.await("an attempt").until(() -> !raft.asked.isEmpty());

    raft.sql = _ -> TestRaftNode.reply();

    Waiting.await("it is tried again").until(() -> raft.asked.size() == 2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/db/execute?queue&redirect&wait", "/db/execute?queue&wait"})
  void aFollowerWritesItself(String target) throws IOException {
    raft.status = TestRaftNode.following();

    assertThat(number(server.http.post(target, "[\"INSERT 1\"]"))).isPositive();
    assertThat(raft.calls).containsExactly("execute");
  }

  @Test
  void ignoresTheQueueWhereRqliteHasNone() throws IOException {
    assertThat(server.http.post("/db/request?queue", "[\"INSERT 1\"]").text())
        .isEqualTo("{\"results\":[]}");
    assertThat(raft.calls).containsExactly("request");
  }

  @Test
  void showsItselfInStatus() throws IOException {
    long last = number(server.http.post("/db/execute?queue&wait", "[\"INSERT 1\"]"));

    assertThat(server.http.get("/status?key=http.queue").text())
        .isEqualTo(
            "{\"_default\":{\"batch_size\":2,\"max_size\":3,\"sequence_number\":"
                + last
                + ",\"timeout\":\"50ms\"}}");
    assertThat(server.http.get("/actuator/prometheus").text())
        .contains("liferaft_queue_requests ", "liferaft_queue_batches_total{result=\"ok\"}");
  }

  private CountDownLatch held() {
    CountDownLatch open = new CountDownLatch(1);
    raft.sql =
        _ -> {
          try {
            open.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return TestRaftNode.reply();
        };
    return open;
  }
}
