package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.raft.ClusterCopy;
import io.liferaft.sqlite.BackgroundIo;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.TestRaftNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ConfirmedCopyTests {

  private static final int SIZE = 8 << 20;

  private final FakeRaftNode node = new FakeRaftNode().write(new byte[SIZE]).lead();

  @Test
  void writesEverythingWhileItLeads() throws IOException {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    try (ClusterCopy copy = node.copy(true, Duration.ofSeconds(1))) {
      ConfirmedCopy writer = new ConfirmedCopy(copy.file(), node, node.term());

      writer.writeTo(written);
      writer.beforeVisible();

      assertThat(writer.leadershipLost()).isFalse();
    }
    assertThat(written.size()).isEqualTo(SIZE);
  }

  /** So that the disk serves clients first. */
  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void readsInTheBackground() throws Exception {
    CompletableFuture<Long> during = new CompletableFuture<>();
    DatabaseCopy copy =
        new TestRaftNode.BytesCopy(new byte[10]) {
          @Override
          public int read(long offset, ByteBuffer into) {
            during.complete(BackgroundIo.priority());
            return super.read(offset, into);
          }
        };
    ConfirmedCopy reader = new ConfirmedCopy(copy, node, node.term());
    FutureTask<Integer> task = new FutureTask<>(() -> reader.read(0, ByteBuffer.allocate(10)));
    Thread.ofPlatform().start(task).join();

    assertThat(task.get()).isEqualTo(10);
    assertThat(during.get()).isEqualTo(BackgroundIo.LOWEST);
  }

  @Test
  void breaksOffAsSoonAsAnotherNodeLeads() {
    assertThat(writtenWhen(() -> node.leader("n2"))).isBetween(1, SIZE / 8);
  }

  @Test
  void breaksOffWhenItLeadsAgainInALaterTerm() {
    assertThat(
            writtenWhen(() -> {
              node.leader("n2");
              node.lead();
            }))
        .isBetween(1, SIZE / 8);
  }

  @Test
  void doesNotEndWellWithoutAQuorum() {
    assertThat(writtenWhen(() -> node.quorum(false))).isEqualTo(SIZE);
  }

  /** How much was written when this happens with the first byte. */
  private int writtenWhen(Runnable trouble) {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    OutputStream out =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void write(byte[] bytes, int offset, int length) {
            if (written.size() == 0) {
              trouble.run();
            }
            written.write(bytes, offset, length);
          }
        };
    try (ClusterCopy copy = node.copy(true, Duration.ofSeconds(1))) {
      ConfirmedCopy writer = new ConfirmedCopy(copy.file(), node, node.term());
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> {
            writer.writeTo(out);
            writer.beforeVisible();
          });
      assertThat(writer.leadershipLost()).isTrue();
    }
    return written.size();
  }
}
