package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;

class BackupIT {

  @Test
  void aCleanStopMakesALastBackupWhenOneIsDue(@TempDir Path folder) {
    String key = "last.sqlite.gz";
    try (S3Server server = S3Server.start("backups");
        S3Client s3 = server.client();
        NodeCluster cluster =
            new NodeCluster(folder, 1, server.nodeSettings(server.endpoint()))
                .with("liferaft.backup.target=s3://backups/" + key)
                .with("liferaft.backup.interval=1h")) {
      S3Traffic traffic = new S3Traffic(server::requests, key);
      LiferaftProcess node = cluster.node(0);
      cluster.startAndAwaitReady();
      node.client().execute("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (42)");
      assertThat(traffic.uploads()).as("uploads before the stop").isZero();

      node.stop();

      assertThat(traffic.uploads()).as("uploads by the stop").isOne();
      Map<String, String> metadata = s3.headObject(b -> b.bucket("backups").key(key)).metadata();
      assertThat(metadata)
          .containsKeys(
              "liferaft-cluster-id",
              "liferaft-generation",
              "liferaft-term",
              "liferaft-change-index",
              "liferaft-sha256",
              "liferaft-size",
              "liferaft-sqlite-version",
              "liferaft-version",
              "x-rqlite-auto-backup-id");

      cluster.startAndAwaitReady();
      node.stop();

      assertThat(traffic.uploads()).as("uploads by a stop without changes").isOne();

      cluster.wipe();
      cluster.startAndAwaitReady();

      assertThat(node.client().query("strong", "SELECT id FROM t")).isEqualTo("[[42]]");
    }
  }

  @Test
  void threeNodesShareADirectory(@TempDir Path folder) throws Exception {
    Path shared = folder.resolve("shared");
    Path backup = shared.resolve("liferaft.sqlite");
    try (NodeCluster cluster = new NodeCluster(folder, 3, java.util.List.of())) {
      cluster.with("liferaft.backup.target=file:" + backup).with("liferaft.backup.interval=1s");
      cluster.with("liferaft.backup.compress=false");

      cluster.start();
      Waiting.await("a missing directory is told")
          .until(() ->
              LiferaftProcess.leaders(cluster.nodes())
                  .anyMatch(leader ->
                      leader
                          .client()
                          .get("/actuator/restore")
                          .body()
                          .contains("does not exist: create or mount it")));
      cluster.nodes().forEach(node -> assertThat(node.client().ready()).isFalse());

      Files.createDirectory(shared);
      cluster.awaitReady();
      cluster.node(1).client().execute("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)");
      cluster.awaitBackup();
      LiferaftProcess leader = cluster.awaitLeader();
      cluster.transferLeadership(
          cluster.nodes().stream().filter(node -> node != leader).findFirst().orElseThrow());
      cluster.node(1).client().execute("INSERT INTO t VALUES (2)");
      cluster.awaitBackup();
      cluster.kill();
      assertThat(backup).exists();

      cluster.wipe();
      cluster.startAndAwaitReady();

      for (LiferaftProcess node : cluster.nodes()) {
        assertThat(node.client().query("none", "SELECT id FROM t ORDER BY id"))
            .isEqualTo("[[1],[2]]");
      }
    }
  }
}
