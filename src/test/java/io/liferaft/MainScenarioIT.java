package io.liferaft;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("MainScenarioIT")
class MainScenarioIT {

  @Test
  void threeNodesLoseEveryDiskAndComeBackByThemselves(@TempDir Path folder) throws Exception {
    try (S3Server server = S3Server.start(MainScenario.BUCKET);
        FaultyS3 proxy = FaultyS3.inFrontOf(server);
        MainScenario scenario =
            new MainScenario(
                folder,
                server.nodeSettings(proxy.endpoint()),
                new S3Traffic(server::requests, MainScenario.KEY))) {
      scenario.run();
    }
  }
}
