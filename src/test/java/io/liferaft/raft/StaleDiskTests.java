package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.util.CodeInjectionForTesting;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A disk comes back as it was some time ago, as from a snapshot of its volume, and so breaks what
 * its node had promised. With a leader there it is admitted anew. Without, it can outvote writes
 * that it had acknowledged; then whoever still has them is never served beside the others.
 */
@Execution(ExecutionMode.CONCURRENT)
class StaleDiskTests {

  private static final Logger log = LoggerFactory.getLogger(StaleDiskTests.class);

  @TempDir Path folder;

  @Test
  void contentsNeverPartUnnoticed() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder.resolve("nodes"), 3)) {
      TestCluster.Node ahead = cluster.node(1);
      TestCluster.Node behind = cluster.node(2);
      TestCluster.Node stale = cluster.node(3);
      cluster.node(1).execute("CREATE TABLE t(x INTEGER PRIMARY KEY)", "INSERT INTO t VALUES(1)");
      cluster.assertEqualContents();
      stale.crash();
      Path old = folder.resolve("old");
      copy(stale.folder(), old);
      stale.start();
      cluster.awaitServing();
      write(cluster, 2);
      cluster.assertEqualContents();

      comesBackAs(old, stale);

      cluster.awaitServing();
      cluster.assertEqualContents();

      Path later = folder.resolve("later");
      stale.crash();
      copy(stale.folder(), later);
      stale.start();
      cluster.awaitServing();
      behind.stop();
      write(cluster, 3);
      write(cluster, 4);
      cluster.assertEqualContents();
      ahead.crash();
      stale.crash();
      comesBackAs(later, stale);
      behind.start();
      Waiting.await("the majority serves, though it lost two writes")
          .until(() -> stale.serves() && behind.serves());
      cluster.moveLeadership();
      cluster.moveLeadership(); // a term that `ahead` has not seen
      for (int i = 10; i < 15; i++) {
        write(cluster, i);
      }

      ahead.start();

      Waiting.await("who still has them says so")
          .until(
              () -> String.valueOf(ahead.raft().status().problem()),
              said ->
                  said.contains("the cluster has lost writes that it had acknowledged")
                      && said.contains("liferaftd recover " + ahead.folder()));
      assertThat(ahead.serves()).isFalse();

      ahead.stop();
      ahead.wipe();
      ahead.start();
      Waiting.await("it is a member again").until(ahead::serves);
      cluster.assertEqualContents();
    }
  }

  /**
   * Ratis has a follower report the leader's commit index as its own where it has been sent that
   * far; what is lost with the process then is no more than what it never said to be written.
   */
  @Test
  void entriesNotYetWrittenDoNotMakeTheDiskOfAKilledNodeAnOldOne() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder.resolve("nodes"), 3);
        HeldLog held = new HeldLog()) {
      TestCluster.Node killed = cluster.node(3);
      cluster.lead(cluster.node(1));
      cluster.node(1).execute("CREATE TABLE t(x INTEGER PRIMARY KEY)");
      cluster.assertEqualContents();
      RaftPeerId peer = peerId(killed);
      killed.stop();
      Path before = folder.resolve("before");
      copy(killed.folder(), before);
      killed.start();
      write(cluster, 1);
      cluster.assertEqualContents();
      killed.stop();
      database(before, killed.folder()); // with more in the log than is known to be committed
      long end = cluster.node(1).raft().status().lastLogIndex();
      write(cluster, 2);

      held.hold(peer, end);
      killed.start();
      long last = cluster.node(1).raft().status().lastLogIndex();
      Waiting.await("Ratis says that it has committed up to " + last)
          .until(() -> reportedCommit(cluster.node(1), peer) >= last);
      killed.crash();
      held.release();
      killed.start();

      cluster.awaitServing();
      cluster.assertEqualContents();
      assertThat(peerId(killed)).as("the same member as before").isEqualTo(peer);
    }
  }

  /** A follower's log whose writes wait, from the first entries that it is sent. */
  private static final class HeldLog implements AutoCloseable {
    private static final String WORKER = "SegmentedRaftLogWorker.runWorker";
    private static final String APPEND = "RaftServerImpl.appendEntries";

    private final CountDownLatch over = new CountDownLatch(1);

    /**
     * @param end of the follower's log; it is to hear first that more than that is committed, since
     *     Ratis reports the leader's commit index when it raises its own at all
     */
    void hold(RaftPeerId peer, long end) {
      CodeInjectionForTesting.put(
          WORKER,
          (id, _, _) -> {
            if (peer.equals(id)) {
              awaitTheEnd();
            }
            return true;
          });
      CodeInjectionForTesting.put(
          APPEND,
          (id, _, request) -> {
            if (peer.equals(id) && raises((AppendEntriesRequestProto) request[1], end)) {
              throw new IllegalStateException("not yet");
            }
            return true;
          });
    }

    /** Whether the follower's commit index rises by this, but not beyond {@code end}. */
    private static boolean raises(AppendEntriesRequestProto append, long end) {
      long known = append.getPreviousLog().getIndex() + append.getEntriesCount();
      long commit = Math.min(append.getLeaderCommit(), known);
      return commit > 0 && commit <= end;
    }

    /** Also when Ratis' log is being closed. */
    private void awaitTheEnd() {
      while (over.getCount() > 0) {
        try {
          over.await();
        } catch (InterruptedException e) {
          log.debug("Waits on", e);
        }
      }
    }

    @Override
    public void close() {
      release();
    }

    void release() {
      CodeInjectionForTesting.remove(WORKER);
      CodeInjectionForTesting.remove(APPEND);
      over.countDown();
    }
  }

  private static RaftPeerId peerId(TestCluster.Node node) {
    return node.local().server().orElseThrow().self().getId();
  }

  private static long reportedCommit(TestCluster.Node leader, RaftPeerId peer) {
    return leader.local().division().orElseThrow().getCommitInfos().stream()
        .filter(info -> RaftPeerId.valueOf(info.getServer().getId()).equals(peer))
        .mapToLong(CommitInfoProto::getCommitIndex)
        .findFirst()
        .orElse(-1);
  }

  /** Puts the database as it was beside the log as it is. */
  private static void database(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.list(to)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.delete(file);
      }
    }
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path _ =
            Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  /** Nodes come and go: a leader may lose its majority in the middle. Twice does no harm. */
  private static void write(TestCluster cluster, int row) {
    Waiting.await("row " + row + " is written")
        .until(() -> {
          try {
            SqlReply reply =
                cluster.awaitLeader().execute("INSERT OR IGNORE INTO t VALUES(%d)".formatted(row));
            return reply.error() == null;
          } catch (CommitUnknownException | NotLeaderException | NotReadyException _) {
            return false;
          }
        });
  }

  private static void comesBackAs(Path old, TestCluster.Node node) throws IOException {
    if (node.running()) {
      node.crash();
    }
    node.wipe();
    copy(old, node.folder());
    node.start();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file));
        Path _ = Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }
}
