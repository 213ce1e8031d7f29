package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.SqlResult;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
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

  /** Every dump begins with that PRAGMA, also one of a database whose foreign keys are enforced. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLoadedTextSwitchesThemForItselfOnly(boolean enforced) throws IOException {
    try (TestCluster cluster = TestCluster.of(folder, 1).withForeignKeys(enforced).startAll()) {
      TestCluster.Node node = cluster.node(1);
      Path dump = folder.resolve("dump.sql");
      Files.writeString(
          dump,
          """
          PRAGMA foreign_keys=%s;
          BEGIN TRANSACTION;
          CREATE TABLE c(p INTEGER REFERENCES p(id));
          %s
          CREATE TABLE p(id INTEGER PRIMARY KEY);
          COMMIT;
          """
              .formatted(enforced ? "OFF" : "ON", enforced ? "INSERT INTO c VALUES(1);" : ""));

      SqlReply loaded = node.raft().loadText(dump, TestCluster.TIMEOUT);

      assertThat(loaded.results()).noneMatch(SqlResult.Failed.class::isInstance);
      assertThat(takesAnOrphan(node)).isNotEqualTo(enforced);

      node.crash(); // the text has to come again from the log
      cluster.startAll();

      assertThat(takesAnOrphan(node)).as("after a replay").isNotEqualTo(enforced);
      assertThat(node.read(ReadLevel.WEAK, "SELECT count(*) FROM c"))
          .isEqualTo(enforced ? "1" : "2");

      SqlReply _ = node.execute("PRAGMA foreign_keys=" + (enforced ? "OFF" : "ON"));

      assertThat(takesAnOrphan(node)).as("a client's own PRAGMA counts").isEqualTo(enforced);
    }
  }

  private static boolean takesAnOrphan(TestCluster.Node node) {
    return !(node.execute("INSERT INTO c VALUES(7)").results().getFirst()
        instanceof SqlResult.Failed);
  }
}
