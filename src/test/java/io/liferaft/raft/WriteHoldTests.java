package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restore in place whose leader is lost in the middle: nothing changes, nothing hangs. */
class WriteHoldTests {

  private static final Duration LONG = Duration.ofHours(1);

  @TempDir Path folder;

  private static SqlRequest write(int value) {
    return TestCluster.request(ReadLevel.WEAK, false, "INSERT INTO t VALUES(" + value + ")");
  }

  private Path database() throws SQLException {
    Path file = folder.resolve("restored.sqlite");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      int _ = statement.executeUpdate("CREATE TABLE restored(x)");
    }
    return file;
  }

  @Test
  void anotherLeaderLetsTheWritesGoOn() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      RaftNode leader = cluster.awaitLeader().raft();
      SqlReply _ = leader.execute(TestCluster.request(ReadLevel.WEAK, false, "CREATE TABLE t(x)"));
      long attempt = leader.holdWrites(LONG);
      assertThatExceptionOfType(NotReadyException.class)
          .isThrownBy(() -> leader.execute(write(1)))
          .withMessage(Replica.HELD);
      RaftNode follower = cluster.follower().raft();
      assertThatExceptionOfType(NotReadyException.class)
          .isThrownBy(() -> follower.execute(write(1)));
      assertThat(leader.confirmLeadership()).as("the safety backup's").isTrue();

      cluster.moveLeadership();

      Waiting.await("a write goes through")
          .untilAsserted(() ->
              assertThat(cluster.awaitLeader().raft().execute(write(2)).results()).hasSize(1));
      Path file = database();
      assertThatExceptionOfType(RuntimeException.class)
          .isThrownBy(
              () -> leader.loadRestored(attempt, LoadSource.of(file), null, () -> null, _ -> {}));
      cluster
          .running()
          .forEach(node ->
              Waiting.await("nothing is held").until(() -> node.raft().state().hold() == null));
      cluster.assertEqualContents();
      assertThat(Files.exists(file)).isTrue();
    }
  }
}
