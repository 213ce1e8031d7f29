package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A disk comes back as it was some time ago, as from a snapshot of its volume, and so breaks what
 * its node had promised. With a leader there it is admitted anew. Without, it can outvote writes
 * that it had acknowledged; then whoever still has them is never served beside the others.
 */
@Execution(ExecutionMode.CONCURRENT)
class StaleDiskTests {

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
