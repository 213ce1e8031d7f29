package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.support.Ports;
import io.liferaft.support.Waiting;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.ratis.thirdparty.io.grpc.Server;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class PeerRpcTests {

  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final int port = Ports.free();
  private final String address = "127.0.0.1:" + port;

  private Server start() throws Exception {
    return NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
        .addService(PeerRpc.service(request -> request, Runnable::run, new ServedCalls()))
        .build()
        .start();
  }

  /** gRPC would wait a second after the first failure, and two minutes after some. */
  @RepeatedTest(10)
  void aNodeThatIsBackIsReachedAtOnce() throws Exception {
    try (PeerRpc rpc = new PeerRpc(PeerTls.none())) {
      for (int down = 0; down < 2; down++) {
        for (int call = 0; call < 3; call++) {
          assertThatExceptionOfType(PeerRpc.UnreachableException.class)
              .isThrownBy(() -> rpc.call(address, new byte[] {1}, LIMIT))
              .withMessageContaining("connection refused");
        }
        Server server = start();
        try {
          assertThat(rpc.call(address, new byte[] {7}, LIMIT)).containsExactly(7);
          assertThat(rpc.connected(address)).isTrue();
        } finally {
          server.shutdownNow().awaitTermination();
        }
        Waiting.await("the connection is gone").until(() -> !rpc.connected(address));
      }
    }
  }

  /**
   * Each that comes after a failure may take the place of the channel that another is about to use.
   */
  @Test
  void nobodyOfManyIsSentToANodeThatIsDown() {
    try (PeerRpc rpc = new PeerRpc(PeerTls.none());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<byte[]>> calls = new ArrayList<>();
      for (int i = 0; i < 3000; i++) {
        calls.add(
            CompletableFuture.supplyAsync(() -> rpc.call(address, new byte[] {1}, LIMIT), threads));
      }
      for (CompletableFuture<byte[]> call : calls) {
        assertThat(call)
            .failsWithin(Duration.ofMinutes(1))
            .withThrowableThat()
            .havingCause()
            .isInstanceOfSatisfying(
                PeerRpc.UnreachableException.class,
                e -> assertThat(e.sent()).as(e.getMessage()).isFalse());
      }
    }
  }
}
