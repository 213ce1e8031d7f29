package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.OtherS3Server;
import io.liferaft.support.RqliteClient;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The promise over another make of S3 server. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("OtherStoreIT")
class OtherStoreIT {

  @Test
  void comesBackFromAnArchiveAndFromOneObject(@TempDir Path folder) throws Exception {
    try (OtherS3Server server = OtherS3Server.start(folder.resolve("store"), "backups")) {
      for (String target : new String[] {"s3://backups/main/", "s3://backups/db.sqlite.gz"}) {
        try (NodeCluster cluster =
            new NodeCluster(folder.resolve(target.substring(13, 15)), 1, server.nodeSettings())
                .with("liferaft.backup.target=" + target)
                .with("liferaft.backup.interval=1s")
                .startAndAwaitReady()) {
          Path file = folder.resolve("generated.sqlite");
          if (!file.toFile().exists()) {
            GeneratedDatabase.write(file, 3, 30_000);
          }
          assertThat(cluster.node(0).client().load(file).status()).isEqualTo(200);
          cluster.awaitBackup();
          cluster.node(0).client().execute("UPDATE t1 SET note = 'changed' WHERE id = 77");
          cluster.awaitBackup();
          String before = cluster.dump();
          cluster.kill();
          cluster.wipe();

          cluster.startAndAwaitReady();

          assertThat(cluster.dump()).as(target).isEqualTo(before);
          RqliteClient.Answer preflight =
              cluster.node(0).client().post("/actuator/backup/preflight", "");
          assertThat(preflight.json().path("problems").asInt(-1)).as(preflight.body()).isZero();
        }
      }
    }
  }
}
