package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Each gets its own answer, whoever travels with it. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(60)
class GatheredCallsTests {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final LeaderNode leader = new LeaderNode();
  private final GatheredCalls calls = new GatheredCalls(leader);

  @AfterEach
  void letGo() {
    leader.open.countDown();
  }

  /** The other end: answers a request with itself, each call when it is let. */
  private static final class LeaderNode implements GatheredCalls.Wire {
    private final CountDownLatch open = new CountDownLatch(1);
    private final List<List<String>> received = new CopyOnWriteArrayList<>();
    private boolean older;
    private boolean dies;

    @Override
    public byte[] call(String address, byte[] request, Duration timeout) {
      List<String> requests = new ArrayList<>();
      byte[] answer = answer(request, requests);
      received.add(requests);
      try {
        if (!open.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new PeerRpc.UnreachableException(
              address, "no answer in time", true, new IOException());
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      if (dies) {
        throw new PeerRpc.UnreachableException(address, "gone", true, new IOException());
      }
      return answer;
    }

    private byte[] answer(byte[] request, List<String> requests) {
      try {
        WireReader in = new WireReader(request);
        int type = in.int32();
        if (type == PeerMessages.APPEND) {
          String text = in.string();
          requests.add(text);
          return answer(text);
        }
        assertThat(type).isEqualTo(PeerMessages.APPEND_TOGETHER);
        if (older) {
          return PeerMessages.failure(PeerMessages.REFUSED, new IOException("does not know"))
              .toByteArray();
        }
        WireWriter out = new WireWriter().int32(PeerMessages.OK);
        int count = in.count();
        for (int i = 0; i < count; i++) {
          out.bytes(answer(in.bytes(), requests));
        }
        return out.toByteArray();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    static byte[] answer(String text) {
      return ("answer to " + text).getBytes(StandardCharsets.UTF_8);
    }
  }

  private CompletableFuture<String> ask(String text, Duration limit) {
    byte[] request = new WireWriter().int32(PeerMessages.APPEND).string(text).toByteArray();
    return CompletableFuture.supplyAsync(
        () -> new String(calls.call("n1:4002", request, limit), StandardCharsets.UTF_8),
        Executors.newVirtualThreadPerTaskExecutor());
  }

  /** The first goes as it comes. */
  private List<CompletableFuture<String>> askMany(int count) {
    List<CompletableFuture<String>> answers = new ArrayList<>();
    answers.add(ask("request 0", LIMIT));
    Waiting.await("it is under way").until(() -> leader.received.size() == 1);
    for (int i = 1; i < count; i++) {
      answers.add(ask("request " + i, LIMIT));
    }
    Waiting.await("the rest waits").until(() -> calls.waiting("n1:4002") == count - 1);
    return answers;
  }

  private static void assertAnswered(List<CompletableFuture<String>> answers) {
    for (int i = 0; i < answers.size(); i++) {
      assertThat(answers.get(i)).succeedsWithin(LIMIT).isEqualTo("answer to request " + i);
    }
  }

  @Test
  void whatComesWhileCallsAreUnderWayTravelsTogether() {
    List<CompletableFuture<String>> answers = askMany(100);

    leader.open.countDown();

    assertAnswered(answers);
    assertThat(leader.received.stream().mapToInt(List::size).sum()).isEqualTo(100);
    assertThat(leader.received).extracting(List::size).containsExactly(1, 99);
    assertThat(calls.waiting("n1:4002")).isZero();
  }

  @Test
  void anOlderNodeIsSentThemOneByOne() {
    leader.older = true;
    List<CompletableFuture<String>> answers = askMany(20);

    leader.open.countDown();

    assertAnswered(answers);
    int before = leader.received.size();
    assertThat(ask("another", LIMIT)).succeedsWithin(LIMIT).isEqualTo("answer to another");
    assertThat(leader.received).hasSize(before + 1);
  }

  @Test
  void aCallThatFailsDoesForAllInIt() {
    List<CompletableFuture<String>> answers = askMany(5);

    leader.dies = true;
    leader.open.countDown();

    for (CompletableFuture<String> answer : answers) {
      assertThat(answer)
          .failsWithin(LIMIT)
          .withThrowableThat()
          .havingCause()
          .isInstanceOfSatisfying(
              PeerRpc.UnreachableException.class, e -> assertThat(e.sent()).isTrue());
    }
    leader.dies = false;
    assertThat(ask("another", LIMIT)).succeedsWithin(LIMIT).isEqualTo("answer to another");
  }

  @Test
  void whoseTimeIsOverBeforeItIsSentIsNeverSent() {
    List<CompletableFuture<String>> answers = askMany(3);

    assertThat(ask("late", Duration.ofMillis(20)))
        .failsWithin(LIMIT)
        .withThrowableThat()
        .havingCause()
        .isInstanceOfSatisfying(
            PeerRpc.UnreachableException.class, e -> assertThat(e.sent()).isFalse());

    leader.open.countDown();
    assertAnswered(answers);
    assertThat(leader.received).noneMatch(sent -> sent.contains("late"));
  }
}
