package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.StartWatch;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** What an operator may choose, and what rqlite has left in the bucket. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("RestoreChoiceIT")
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
    cluster = cluster(1);
  }

  private NodeCluster cluster(int size) {
    return new NodeCluster(
            folder.resolve("of" + size), size, server.nodeSettings(server.endpoint()))
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
  void leavesTheGoodBackupAloneWhenTheStoreWasDownOnlyAtTheStart() throws Exception {
    BackupObject good = BackupObject.plain(folder).gzip();
    good.put(s3, BUCKET, KEY);
    server.forgetRequests();
    try (FaultyS3 way = FaultyS3.inFrontOf(server)) {
      cluster
          .with("spring.cloud.aws.s3.endpoint=" + way.endpoint())
          .with("liferaft.restore.on-failure=start-empty");
      startsEmptyWhileItIsDown(way);
      keepsTheOldObjectAside(good);
    }
  }

  private void startsEmptyWhileItIsDown(FaultyS3 way) {
    try (StartWatch watch =
        new StartWatch(
            cluster.nodes(),
            "SELECT count(*) FROM sqlite_schema",
            "[[0]]",
            "INSERT INTO missing (id) VALUES (1)",
            "no such table")) {
      way.stop();
      cluster.startAndAwaitReady();
      assertThat(outcome()).isEqualTo("started-empty");
      assertThat(server.requests()).as("while it was down").isEmpty();

      way.start();
      cluster.awaitIdleRounds(2);
      assertThat(new S3Traffic(server::requests, KEY).uploads()).as("of an empty one").isZero();
      watch.assertClean();
    }
  }

  /** An index alone tells nothing: another cluster has come to the same one. */
  @Test
  void downloadsNothingWhenRestoreIsOffAndUploadsAtTheIndexOfAnOlderCluster() throws Exception {
    byte[] bytes = BackupObject.plain(folder).gzip().bytes();
    new BackupObject(bytes, Map.of()).put(s3, BUCKET, KEY);

    cluster = cluster(3);
    cluster
        .with("liferaft.restore.enabled=false")
        .with("liferaft.backup.interval=1h")
        .startAndAwaitReady();

    assertThat(outcome()).isEqualTo("disabled");
    assertThat(new S3Traffic(server::requests, KEY).downloads()).isZero();
    RqliteClient client = cluster.awaitLeader().client();
    client.execute("CREATE TABLE u (id INTEGER)");
    String index = String.valueOf((long) client.metric("liferaft_raft_change_index"));
    BackupObject older =
        new BackupObject(
            bytes, Map.of("x-rqlite-auto-backup-id", index, "liferaft-change-index", index));
    older.put(s3, BUCKET, KEY);
    assertThat(client.post("/actuator/backup", "").body()).contains("\"result\":\"ok\"");
    assertThat(s3.headObject(b -> b.bucket(BUCKET).key(KEY)).metadata())
        .containsEntry("liferaft-change-index", index)
        .containsKey("liferaft-cluster-id");
    assertThat(preservedSizes()).containsExactly((long) bytes.length);
  }

  /** The node is empty, and its first backup moves the object out of the way. */
  private void keepsTheOldObjectAside(BackupObject old) {
    LiferaftProcess node = cluster.node(0);
    assertThat(node.client().query("strong", "SELECT count(*) FROM sqlite_schema"))
        .isEqualTo("[[0]]");
    node.client().execute("CREATE TABLE t (id INTEGER)");
    cluster.awaitBackup();

    assertThat(preservedSizes()).containsExactly((long) old.bytes().length);
  }

  private List<Long> preservedSizes() {
    return s3.listObjectsV2(b -> b.bucket(BUCKET)).contents().stream()
        .filter(object -> object.key().contains(".preserved-"))
        .map(S3Object::size)
        .toList();
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
