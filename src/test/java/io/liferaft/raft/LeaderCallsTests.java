package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.support.Ports;
import io.liferaft.support.Waiting;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.apache.ratis.thirdparty.io.grpc.Server;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LeaderCallsTests {

  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final byte[] REQUEST = {7};

  private final int port = Ports.free();
  private final String former = "127.0.0.1:" + port;
  private final PeerRpc rpc = new PeerRpc(PeerTls.none());
  private final Semaphore probes = new Semaphore(0);
  private volatile boolean answers;
  private final LeaderCalls calls = new LeaderCalls(rpc, this::probe);

  /** Requests that have arrived at a leader which answers when it is let. */
  private final Semaphore arrived = new Semaphore(0);

  private final CountDownLatch open = new CountDownLatch(1);
  private Server server;

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .addService(
                PeerRpc.service(
                    this::answer, task -> Thread.ofVirtual().start(task), new ServedCalls()))
            .build()
            .start();
  }

  private boolean probe(String address, Duration limit) {
    boolean now = answers;
    probes.release();
    assertThat(address).isEqualTo(former);
    return now;
  }

  private byte[] answer(byte[] request) {
    arrived.release();
    try {
      open.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return request;
  }

  @AfterEach
  void stop() throws Exception {
    open.countDown();
    rpc.close();
    server.shutdownNow().awaitTermination();
  }

  @Test
  void aCallEndsWhenAnotherNodeLeadsAndThisOneDoesNotAnswer() throws Exception {
    CompletableFuture<byte[]> call = call();
    arrived.acquire();

    calls.look(former, Duration.ZERO);
    calls.changed();
    calls.look("other:1", LIMIT);
    calls.look(null, Duration.ZERO);
    assertThat(probes.availablePermits()).isZero();
    calls.look("other:1", Duration.ZERO);

    assertThat(call)
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableThat()
        .havingCause()
        .isInstanceOfSatisfying(
            PeerRpc.UnreachableException.class,
            e -> {
              assertThat(e.reason()).isEqualTo("another node leads now");
              assertThat(e.sent()).isTrue();
            });
  }

  @Test
  void oneThatAnswersMayStillAnswerTheCall() throws Exception {
    answers = true;
    CompletableFuture<byte[]> call = call();
    arrived.acquire();

    calls.look("other:1", Duration.ZERO);
    probes.acquire();
    Waiting.await("it is asked again")
        .until(() -> {
          calls.look("other:1", Duration.ZERO);
          return probes.tryAcquire();
        });
    open.countDown();

    assertThat(call).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(REQUEST);
  }

  @Test
  void nothingIsSentToOneThatHasBeenReplaced() throws Exception {
    calls.look("other:1", Duration.ZERO);

    assertThatExceptionOfType(PeerRpc.UnreachableException.class)
        .isThrownBy(() -> calls.call(former, REQUEST, LIMIT))
        .satisfies(e -> assertThat(e.sent()).isFalse());
    assertThat(arrived.availablePermits()).isZero();

    calls.changed(); // it may be the one that leads again
    CompletableFuture<byte[]> call = call();
    arrived.acquire();
    calls.look(former, Duration.ZERO);
    open.countDown();
    assertThat(call).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(REQUEST);
  }

  private CompletableFuture<byte[]> call() {
    return CompletableFuture.supplyAsync(() -> calls.call(former, REQUEST, LIMIT));
  }
}
