package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.S3Server.S3Request;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Three nodes, rqlite's names with a timestamp, and a store that knows no checksums of AWS' own:
 * nothing is sent twice, and the newest comes back.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("TimestampIT")
class TimestampIT {

  private static final String BUCKET = "backups";

  @Test
  void everyBackupKeepsItsNameAndTheNewestIsRestored(@TempDir Path folder) throws Exception {
    try (S3Server server = S3Server.start(BUCKET);
        S3Client s3 = server.client();
        FaultyS3 proxy = FaultyS3.inFrontOf(server);
        NodeCluster cluster =
            new NodeCluster(folder, 3, server.nodeSettings(proxy.endpoint()))
                .with("liferaft.backup.target=s3://" + BUCKET + "/db/nightly.sqlite")
                .with("liferaft.backup.timestamp=true")
                .with("liferaft.backup.compress=false")
                .with("liferaft.backup.interval=1s")
                .startAndAwaitReady()) {
      Path file = folder.resolve("generated.sqlite");
      GeneratedDatabase.write(file, 5, 50_000);
      RqliteClient.Answer loaded = cluster.awaitLeader().client().load(file);
      assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
      cluster.awaitBackup();
      var _ =
          cluster
              .awaitLeader()
              .client()
              .execute("UPDATE t1 SET note = 'in the newest only' WHERE id = 77");
      cluster.awaitBackup();
      assertThat(names(s3)).hasSize(2).allMatch(key -> key.matches("db/\\d{14}_nightly.sqlite"));
      assertThat(writes(proxy))
          .anyMatch(request -> request.query().contains("partNumber=2"))
          .allSatisfy(TimestampIT::knowsNoChecksums);
      String before = cluster.dump();

      cluster.kill();
      proxy.forgetRequests();
      cluster.startAndAwaitReady();
      cluster.awaitIdleRounds(3);
      assertThat(writes(proxy)).as("after a restart").isEmpty();

      cluster.kill();
      cluster.wipe();
      cluster.startAndAwaitReady();
      assertThat(cluster.dump()).isEqualTo(before);
      cluster.awaitIdleRounds(3);
      assertThat(writes(proxy)).as("after the restore").isEmpty();
      assertThat(names(s3)).hasSize(2);
    }
  }

  private static List<String> names(S3Client s3) {
    return s3.listObjectsV2(b -> b.bucket(BUCKET)).contents().stream().map(S3Object::key).toList();
  }

  private static List<S3Request> writes(FaultyS3 proxy) {
    return proxy.requests().stream().filter(r -> r.method().matches("PUT|POST|DELETE")).toList();
  }

  private static void knowsNoChecksums(S3Request request) {
    assertThat(String.join("\n", request.head()).toLowerCase(Locale.ROOT))
        .doesNotContain("x-amz-trailer", "x-amz-checksum-", "aws-chunked", "streaming-");
  }
}
