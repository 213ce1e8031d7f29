package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.LogicalDigest;
import io.liferaft.support.TestRaftNode.BytesCopy;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes' copies of one index, whatever is written meanwhile. */
class CopyPointTests {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir Path folder;

  @Test
  void aFollowersCopyAndTheLeadersHaveTheSameContent() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node leader = cluster.awaitLeader();
      leader.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
      AtomicInteger woken = new AtomicInteger();
      leader.raft().keepCopies("dest", woken::incrementAndGet);
      AtomicBoolean stop = new AtomicBoolean();
      Thread writer =
          Thread.ofVirtual()
              .start(() -> {
                while (!stop.get()) {
                  leader.execute("INSERT INTO t(x) VALUES(random())");
                }
              });
      try {
        long before = -1;
        for (int i = 1; i <= 3; i++) {
          try (ClusterCopy own = cluster.follower().raft().copyAtPoint("dest", LIMIT);
              ClusterCopy kept = leader.raft().keptCopy("dest").orElseThrow()) {
            assertThat(woken).hasValue(i);
            assertThat(own.state().appliedIndex()).isEqualTo(kept.state().appliedIndex());
            assertThat(own.state().changeIndex()).isGreaterThan(before);
            before = own.state().changeIndex();
            long there = before;
            Waiting.await("written meanwhile")
                .until(() -> leader.raft().state().changeIndex() > there + 3);
            assertThat(digest(own.file(), "own")).isEqualTo(digest(kept.file(), "kept"));
          }
        }
      } finally {
        stop.set(true);
        writer.join();
      }
      assertThat(leader.raft().keptCopy("dest")).as("had already").isEmpty();
    }
  }

  /** A node that is alone takes both. */
  @Test
  void aLoneNodeHoldsItsBackupAgainstItself() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 1)) {
      TestCluster.Node node = cluster.awaitLeader();
      node.execute("CREATE TABLE t(x)");
      node.raft().keepCopies("dest", () -> {});

      try (ClusterCopy own = node.raft().copyAtPoint("dest", LIMIT);
          ClusterCopy kept = node.raft().keptCopy("dest").orElseThrow()) {
        assertThat(digest(own.file(), "own")).isEqualTo(digest(kept.file(), "kept"));
      }
    }
  }

  @Test
  void saysWhyThereIsNone() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node leader = cluster.awaitLeader();
      TestCluster.Node follower = cluster.follower();
      leader.execute("CREATE TABLE t(x)");
      assertThatExceptionOfType(RequestRefusedException.class)
          .isThrownBy(() -> follower.raft().copyAtPoint("dest", LIMIT))
          .withMessage("the leader makes no backups there");

      leader.raft().keepCopies("dest", () -> {});
      try (ClusterCopy _ = leader.raft().copy(true, LIMIT)) {
        leader.execute("INSERT INTO t VALUES(1)");
        assertThatExceptionOfType(NotReadyException.class)
            .isThrownBy(() -> follower.raft().copyAtPoint("dest", LIMIT))
            .withMessage("other copies of the leader's database are being read");
      }
      try (ClusterCopy _ = follower.raft().copy(true, LIMIT)) {
        leader.execute("INSERT INTO t VALUES(2)");
        assertThatExceptionOfType(RequestRefusedException.class)
            .isThrownBy(() -> follower.raft().copyAtPoint("dest", LIMIT))
            .withMessage("other copies of this node's database are being read");
      }
      leader.raft().keptCopy("dest").ifPresent(ClusterCopy::close);

      follower.raft().copyAtPoint("dest", LIMIT).close();
      TestCluster.Node away =
          cluster
              .running()
              .filter(node -> node != leader && node != follower)
              .findFirst()
              .orElseThrow();
      away.stop();
      assertThatExceptionOfType(RequestRefusedException.class)
          .as("it may come back as a version that the entry stops")
          .isThrownBy(() -> follower.raft().copyAtPoint("dest", LIMIT))
          .withMessageContaining("node " + away.id() + " did not say");
    }
  }

  @Test
  void aCopyThatNoBackupComesForIsLetGo() throws Exception {
    AtomicLong nanos = new AtomicLong();
    CopyPoints points = new CopyPoints(new Tally(), nanos::get);
    points.keepFor("dest", () -> {});
    Counted first = new Counted();
    Counted second = new Counted();
    LogCommand.CopyPoint point = new LogCommand.CopyPoint("dest", 1);

    assertThat(points.reached(point, true, () -> Optional.of(first))).isEqualTo(new Applied.Done());
    assertThat(points.reached(point, true, () -> Optional.of(second)))
        .isEqualTo(new Applied.Done());
    assertThat(first.closed).as("a newer one takes its place").isTrue();
    nanos.addAndGet(CopyPoints.KEPT.toNanos());
    points.sweep();
    assertThat(second.closed).isFalse();
    nanos.incrementAndGet();
    points.sweep();
    assertThat(second.closed).isTrue();
    assertThat(points.takeKept("dest")).isEmpty();
  }

  /** A follower takes one only for itself, and nobody who does not ask takes any. */
  @Test
  void whoDoesNotWaitTakesNone() throws Exception {
    CopyPoints points = new CopyPoints(new Tally(), () -> 0);
    points.keepFor("dest", () -> {});
    LogCommand.CopyPoint point = new LogCommand.CopyPoint("dest", 1);
    CopyPoints.Taking fails =
        () -> {
          throw new IOException("taken for nothing");
        };
    assertThat(points.reached(point, false, fails)).isEqualTo(new Applied.Done());

    var late = points.await(1);
    Counted copy = new Counted();
    assertThat(points.reached(point, false, () -> Optional.of(copy))).isEqualTo(new Applied.Done());
    points.giveUp(1, late);
    assertThat(copy.closed).isTrue();
  }

  private static final class Counted extends BytesCopy {
    private boolean closed;

    Counted() {
      super(new byte[0]);
    }

    @Override
    public byte[] payload() {
      return Replica.FRESH.encode();
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private LogicalDigest digest(DatabaseCopy copy, String name) throws IOException {
    Path file = folder.resolve(name + ".sqlite");
    try (OutputStream out = Files.newOutputStream(file)) {
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      for (long at = 0; copy.read(at, buffer.clear()) > 0; at += buffer.position()) {
        out.write(buffer.array(), 0, buffer.position());
      }
    }
    return LogicalDigest.of(file);
  }
}
