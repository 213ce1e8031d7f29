package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** What an operator may choose, and what rqlite has left in the bucket. */
class RestoreChoiceIT {

  private static final String BUCKET = "backups";
  private static final String KEY = "liferaft.sqlite.gz";

  @TempDir private Path folder;

  private S3Server server;
  private S3Client s3;
  private NodeCluster cluster;

  @BeforeEach
  void makeNode() {
    server = S3Server.start(BUCKET);
    s3 = server.client();
    cluster =
        new NodeCluster(folder, 1, server.nodeSettings(server.endpoint()))
            .with("liferaft.backup.target=s3://" + BUCKET + "/" + KEY)
            .with("liferaft.backup.interval=1s");
  }

  @AfterEach
  void close() {
    cluster.close();
    s3.close();
    server.close();
  }

  @Test
  void startsEmptyAfterThreeFailuresWhenToldToAndKeepsWhatItCouldNotRead() throws Exception {
    BackupObject damaged = BackupObject.plain(folder).gzip().truncated();
    damaged.put(s3, BUCKET, KEY);

    cluster.with("liferaft.restore.on-failure=start-empty").startAndAwaitReady();

    assertThat(outcome()).isEqualTo("started-empty");
    assertThat(cluster.node(0).logText()).contains("ERROR").contains("starts EMPTY");
    keepsTheOldObjectAside(damaged);
  }

  @Test
  void downloadsNothingWhenRestoreIsOff() throws Exception {
    BackupObject good = BackupObject.plain(folder).gzip();
    good.put(s3, BUCKET, KEY);

    cluster.with("liferaft.restore.enabled=false").startAndAwaitReady();

    assertThat(outcome()).isEqualTo("disabled");
    assertThat(new S3Traffic(server::requests, KEY).downloads()).isZero();
    keepsTheOldObjectAside(good);
  }

  /** The node is empty, and its first backup moves the object out of the way. */
  private void keepsTheOldObjectAside(BackupObject old) {
    LiferaftProcess node = cluster.node(0);
    assertThat(node.client().query("strong", "SELECT count(*) FROM sqlite_schema"))
        .isEqualTo("[[0]]");
    node.client().execute("CREATE TABLE t (id INTEGER)");
    cluster.awaitBackup();

    assertThat(s3.listObjectsV2(b -> b.bucket(BUCKET)).contents())
        .filteredOn(object -> object.key().contains(".preserved-"))
        .extracting(S3Object::size)
        .containsExactly((long) old.bytes().length);
  }

  @Test
  void restoresWhatRqliteWrote() throws Exception {
    BackupObject plain = BackupObject.plain(folder);
    for (BackupObject object : new BackupObject[] {plain, plain.gzip()}) {
      object.put(s3, BUCKET, KEY);

      cluster.startAndAwaitReady();

      assertThat(outcome()).isEqualTo("restored");
      assertThat(cluster.node(0).client().query("strong", BackupObject.COUNT))
          .isEqualTo(BackupObject.COUNTED);
      cluster.awaitIdleRounds(2);
      cluster.kill();
      cluster.wipe();
    }
    assertThat(new S3Traffic(server::requests, KEY).uploads()).as("our own two").isEqualTo(2);
  }

  /** A node is ready as soon as the end is applied; the service hears of it a moment later. */
  private String outcome() {
    return Waiting.await("the outcome")
        .until(
            () ->
                cluster
                    .node(0)
                    .client()
                    .get("/actuator/restore")
                    .json()
                    .path("outcome")
                    .asString(""),
            word -> !word.isEmpty());
  }
}
