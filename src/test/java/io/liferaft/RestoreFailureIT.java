package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;
import tools.jackson.databind.JsonNode;

/** Whatever keeps a fresh node from restoring: it waits, says why, and comes up once it is well. */
class RestoreFailureIT {

  private static final String BUCKET = "backups";
  private static final String KEY = "liferaft.sqlite.gz";

  @TempDir private Path folder;

  private S3Server server;
  private FaultyS3 proxy;
  private S3Client s3;
  private LiferaftProcess node;
  private BackupObject good;

  @BeforeEach
  void makeNode() throws Exception {
    server = S3Server.start();
    proxy = FaultyS3.inFrontOf(server);
    s3 = server.client();
    good = BackupObject.plain(folder).gzip();
    node = new LiferaftProcess("n1", folder.resolve("n1"));
    for (String setting : server.nodeSettings(proxy.endpoint())) {
      int equals = setting.indexOf('=');
      node.with(setting.substring(0, equals), setting.substring(equals + 1));
    }
    node.with("liferaft.backup.target", "s3://" + BUCKET + "/" + KEY);
    node.with("liferaft.backup.interval", "1s");
  }

  @AfterEach
  void close() {
    node.close();
    s3.close();
    proxy.close();
    server.close();
  }

  @Test
  void storeThatIsDownThenTruncatedObject() {
    createBucket();
    good.truncated().put(s3, BUCKET, KEY);
    proxy.stop();
    node.start();
    holds("cannot be reached");
    assertThat(warnings()).isOne();
    Waiting.await("attempts go on").until(() -> restore().path("attempts").asInt() > 1);
    assertThat(warnings()).as("warnings of one cause").isOne();

    proxy.start();
    holds("is damaged", "Put a good one in its place");
    assertThat(warnings()).as("warnings of two causes").isEqualTo(2);

    good.put(s3, BUCKET, KEY);
    isRestored();
  }

  @Test
  void missingBucketThenWrongHash() {
    node.start();
    holds("does not exist: create or mount it");

    createBucket();
    good.with("liferaft-sha256", "0".repeat(64)).put(s3, BUCKET, KEY);
    holds("is damaged", "sha256");

    good.put(s3, BUCKET, KEY);
    isRestored();
  }

  @Test
  void deniedAccessThenWhatIsNoDatabase() {
    createBucket();
    new BackupObject("no database ".repeat(1_000).getBytes(StandardCharsets.UTF_8), Map.of())
        .put(s3, BUCKET, KEY);
    proxy.when("*").answer(403, "AccessDenied");
    node.start();
    holds("is denied", "grant s3:GetObject", "s3:ListBucket");

    proxy.heal();
    holds("is no sound SQLite database", "Put a good one in its place");

    good.put(s3, BUCKET, KEY);
    isRestored();
  }

  private void createBucket() {
    var _ = s3.createBucket(b -> b.bucket(BUCKET));
  }

  private JsonNode restore() {
    return node.client().get("/actuator/restore").json();
  }

  /** Not ready, live, with the reason at every place. */
  private void holds(String... reason) {
    RqliteClient client = node.client();
    Waiting.await("the reason " + reason[0])
        .failFast(() -> !node.alive())
        .until(() -> client.get("/actuator/restore").body().contains(reason[0]));
    assertThat(restore().path("lastFailure").asString()).contains(reason).contains("s3://");
    assertThat(client.live()).isTrue();
    assertThat(client.ready()).isFalse();
    assertThat(client.get("/actuator/health/readiness").status()).isEqualTo(503);
    RqliteClient.Answer health = client.get("/actuator/health");
    assertThat(health.status()).isEqualTo(503);
    JsonNode component = health.json().path("components").path("restore");
    assertThat(component.path("status").asString()).isEqualTo("DOWN");
    assertThat(component.path("details").path("lastFailure").asString()).contains(reason);
    assertThat(client.post("/db/execute", "[\"CREATE TABLE t (id)\"]").status()).isEqualTo(503);
    assertThat(client.metric("liferaft_restore_attempts")).isPositive();
    assertThat(node.logText()).contains(reason);
  }

  private long warnings() {
    return node.logText()
        .lines()
        .filter(line -> line.contains(" WARN ") && line.contains("Restore failed"))
        .count();
  }

  private void isRestored() {
    NodeCluster.awaitReady(node);
    assertThat(node.client().query("strong", BackupObject.COUNT)).isEqualTo(BackupObject.COUNTED);
    Waiting.await("the state done")
        .until(() -> node.client().metric("liferaft_restore_state{state=\"done\"}") == 1);
  }
}
