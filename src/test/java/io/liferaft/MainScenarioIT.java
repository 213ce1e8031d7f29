package io.liferaft;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
