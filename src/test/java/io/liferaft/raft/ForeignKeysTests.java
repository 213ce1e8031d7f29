package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.SqlResult;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether foreign keys are enforced is the cluster's, whatever a node is started with. */
@Execution(ExecutionMode.CONCURRENT)
class ForeignKeysTests {

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRestartWithAnotherSettingChangesNothing(boolean founder) {
    try (TestCluster cluster = TestCluster.of(folder, 1).withForeignKeys(founder).startAll()) {
      TestCluster.Node node = cluster.node(1);
      SqlReply _ = node.execute("CREATE TABLE p(id INTEGER PRIMARY KEY)");
      SqlReply _ = node.execute("CREATE TABLE c(p INTEGER REFERENCES p(id))");
      assertThat(takesAnOrphan(node)).isNotEqualTo(founder);

      node.crash(); // the founding entry has to come again from the log
      cluster.withForeignKeys(!founder).startAll();

      assertThat(takesAnOrphan(node)).as("after a replay").isNotEqualTo(founder);

      node.stop(); // with a snapshot
      cluster.startAll();

      assertThat(takesAnOrphan(node)).as("from the record").isNotEqualTo(founder);
    }
  }

  @Test
  void everyNodeFollowsItsFounder() {
    try (TestCluster cluster = TestCluster.of(folder, 3)) {
      cluster.withForeignKeys(true).node(1).start();
      cluster.withForeignKeys(false).node(2).start();
      cluster.withForeignKeys(true).node(3).start();
      cluster.awaitServing();
      TestCluster.Node leader = cluster.awaitLeader();
      SqlReply _ = leader.execute("CREATE TABLE p(id INTEGER PRIMARY KEY)");
      SqlReply _ = leader.execute("CREATE TABLE c(p INTEGER REFERENCES p(id))");

      boolean enforced = !takesAnOrphan(leader);

      cluster.assertEqualContents();
      for (TestCluster.Node node : cluster.nodes()) {
        Waiting.await(node.id() + " follows")
            .until(() -> node.store().status().foreignKeys() == enforced);
      }
    }
  }

  private static boolean takesAnOrphan(TestCluster.Node node) {
    return !(node.execute("INSERT INTO c VALUES(7)").results().getFirst()
        instanceof SqlResult.Failed);
  }
}
