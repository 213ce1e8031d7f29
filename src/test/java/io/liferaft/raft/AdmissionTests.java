package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class AdmissionTests {

  @TempDir Path folder;

  /** One is admitted at a time: the others, which have entered the group, must ask again. */
  @Test
  void everyNodeIsAdmittedThoughAllAskAtOnce() {
    try (TestCluster cluster = TestCluster.of(folder, 5).startAll()) {
      assertThat(cluster.nodes()).allMatch(TestCluster.Node::serves);
    }
  }
}
