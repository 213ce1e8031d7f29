package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.S3Server.S3Request;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;

/**
 * Three nodes whose leader comes and goes around a backup: what is not due is not made, and what a
 * former leader was about to write never replaces what its successor has written. One cluster for
 * all tests, small at first, and with a node less after the last one.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("BackupFaultsIT")
class BackupFaultsIT {

  private static final String BUCKET = "backups";
  private static final String KEY = "liferaft.sqlite";
  private static final int BLOBS = 10;

  private Path folder;

  // Without signatures, so that the proxy can play a store that knows no conditions.
  private final S3Server server = S3Server.startUnsigned(BUCKET);
  private final FaultyS3 proxy = FaultyS3.inFrontOf(server);
  private final S3Client s3 = server.client();
  private final S3Traffic traffic = new S3Traffic(proxy::requests, KEY);
  private NodeCluster cluster;
  private int row;

  @BeforeAll
  void start(@TempDir Path shared) {
    folder = shared;
    cluster =
        new NodeCluster(folder, 3, server.nodeSettings(proxy.endpoint()))
            .with("liferaft.backup.target=s3://" + BUCKET + "/" + KEY)
            .with("liferaft.backup.interval=1s")
            .with("liferaft.backup.compress=false")
            .startAndAwaitReady();
    var _ = cluster.awaitLeader().client().execute("CREATE TABLE t (id INTEGER, data BLOB)");
    cluster.awaitBackup();
    cluster.awaitIdleRounds(2);
  }

  @AfterEach
  void heal() {
    proxy.heal();
    proxy.ignoreConditions(false);
    cluster.awaitBackup();
    cluster.awaitIdleRounds(2);
    assertThat(s3.listMultipartUploads(b -> b.bucket(BUCKET)).uploads()).isEmpty();
  }

  @AfterAll
  void stop() {
    cluster.close();
    s3.close();
    proxy.close();
    server.close();
  }

  @Test
  @Order(1)
  void leadershipThatGoesAndComesBackWithoutAWriteCostsOneLookATerm() {
    LiferaftProcess a = cluster.awaitLeader();
    LiferaftProcess b = others(a).getFirst();
    proxy.forgetRequests();
    double copies = copies();

    for (LiferaftProcess next : List.of(b, a)) {
      cluster.transferLeadership(next);
      cluster.awaitIdleRounds(3);
    }
    cluster.awaitIdleRounds(9);

    costsNothingBut(2, copies);
  }

  @Test
  @Order(2)
  @Tag("soak")
  void aMinuteWithoutAWriteCostsOneLook() {
    proxy.forgetRequests();
    double copies = copies();
    Instant end = Instant.now().plus(Duration.ofSeconds(60));

    Waiting.await("a minute of intervals").until(() -> Instant.now().isAfter(end));

    costsNothingBut(1, copies);
  }

  /** Nothing but looks at the object, and no copy of the database on any node. */
  private void costsNothingBut(int looks, double copies) {
    assertThat(copies()).as("copies of the database").isEqualTo(copies);
    assertThat(proxy.requests()).extracting(S3Request::method).isSubsetOf("HEAD");
    assertThat(proxy.count("HEAD", KEY)).as("looks").isBetween(0L, (long) looks);
  }

  @Test
  @Order(3)
  void aStaleLeadersPutReplacesNothing() throws Exception {
    FaultyS3.When put = proxy.when("PUT").key(KEY).times(1);

    staleLeader(put);
  }

  /** Held at its second part; the confirmation comes after the last one. */
  @Test
  @Order(4)
  void aStaleLeadersPartsReplaceNothingEvenWhereTheStoreKnowsNoConditions() throws Exception {
    grow();
    proxy.ignoreConditions(true);

    staleLeader(proxy.when("PUT").key(KEY).query("partNumber=2").times(1));
  }

  @Test
  @Order(5)
  @Tag("soak")
  void aStaleLeadersCompletionReplacesNothing() throws Exception {
    grow();

    staleLeader(proxy.when("POST").key(KEY).query("uploadId=").times(1));
  }

  /** Stops the leader where its request is held, lets the others go on, and wakes it up. */
  private void staleLeader(FaultyS3.When request) throws Exception {
    LiferaftProcess stale = cluster.awaitLeader();
    List<LiferaftProcess> others = others(stale);
    FaultyS3.Held held = request.hold();
    write(stale);
    Waiting.await("the upload is under way").until(held::reached);
    String before = head().eTag();
    stale.suspend();

    LiferaftProcess next =
        Waiting.await("another leader")
            .until(() -> LiferaftProcess.leaders(others).toList(), list -> list.size() == 1)
            .getFirst();
    write(next);
    cluster.awaitBackup();
    HeadObjectResponse newer = head();
    assertThat(newer.eTag()).isNotEqualTo(before);
    servesOn(others);
    cluster.awaitIdleRounds(2);
    proxy.forgetRequests();

    held.release();
    stale.resume();
    Waiting.await("the stale leader has given up")
        .until(() ->
            stale.client().get("/actuator/backup").json().path("state").asString().equals("STANDBY")
                && !cluster.awaitLeader().equals(stale));
    cluster.awaitIdleRounds(3);

    assertThat(head().eTag()).as("the newer backup").isEqualTo(newer.eTag());
    assertThat(traffic.uploads()).as("uploads that became visible").isZero();
    assertThat(s3.listMultipartUploads(b -> b.bucket(BUCKET)).uploads()).isEmpty();
    holdsAllRows();
    servesOn(cluster.nodes());
    assertThat(stale.logText()).doesNotContain("Backup failed");
  }

  @Test
  @Order(6)
  void aKilledLeadersUploadIsNotSeenAndItsPartsAreRemoved() throws Exception {
    grow();
    LiferaftProcess killed = cluster.awaitLeader();
    FaultyS3.Held held = proxy.when("PUT").key(KEY).query("partNumber=2").times(1).hold();
    String before = head().eTag();
    proxy.forgetRequests();
    write(killed);
    Waiting.await("the upload is under way").until(held::reached);
    assertThat(s3.listMultipartUploads(b -> b.bucket(BUCKET)).uploads()).hasSize(1);

    killed.kill();
    assertThat(head().eTag()).as("nothing partial").isEqualTo(before);
    Waiting.await("the next leader's backup").until(() -> !head().eTag().equals(before));
    cluster.awaitBackup();
    cluster.awaitIdleRounds(2);

    assertThat(traffic.uploads()).as("uploads that came to their end").isOne();
    assertThat(s3.listMultipartUploads(b -> b.bucket(BUCKET)).uploads()).isEmpty();
    assertThat(others(killed))
        .anyMatch(node -> node.logText().contains("Removed 1 unfinished uploads"));
    holdsAllRows();
    servesOn(others(killed));

    // Its snapshot, made for the backup, ends where the next leader's log begins.
    killed.start();
    NodeCluster.awaitReady(killed);
    servesOn(cluster.nodes());
  }

  private List<LiferaftProcess> others(LiferaftProcess node) {
    return cluster.nodes().stream().filter(Predicate.not(node::equals)).toList();
  }

  /** Once: what is refused without a leader was certainly not done. */
  private void write(LiferaftProcess node) {
    String insert = "[\"INSERT INTO t VALUES (%d, randomblob(8))\"]".formatted(++row);
    Waiting.await("a leader to write to")
        .until(() -> {
          RqliteClient.Answer answer = node.client().post("/db/execute", insert);
          boolean refused = answer.status() == 503 && answer.body().contains("leader not found");
          assertThat(answer.status()).as(answer.body()).isEqualTo(refused ? 503 : 200);
          return !refused;
        });
  }

  /** So that a backup takes more than one part. */
  private void grow() {
    if (head().contentLength() < BLOBS << 20) {
      RqliteClient client = cluster.awaitLeader().client();
      for (int i = 0; i < BLOBS; i++) {
        var _ = client.execute("INSERT INTO t VALUES (0, randomblob(1048576))");
      }
      Waiting.await("a big backup").until(() -> head().contentLength() > BLOBS << 20);
      cluster.awaitBackup();
      cluster.awaitIdleRounds(2);
    }
  }

  private double copies() {
    return cluster.nodes().stream()
        .mapToDouble(node -> node.client().metric("liferaft_backup_copies_total"))
        .sum();
  }

  private HeadObjectResponse head() {
    return s3.headObject(b -> b.bucket(BUCKET).key(KEY));
  }

  private static void servesOn(List<LiferaftProcess> nodes) {
    for (LiferaftProcess node : nodes) {
      assertThat(node.client().live()).isTrue();
      assertThat(node.client().ready()).isTrue();
    }
  }

  /** What lies there is a sound database with every acknowledged row. */
  private void holdsAllRows() throws IOException {
    SqliteFile backup = SqliteFile.of(s3, BUCKET, KEY, folder);
    assertThat(backup.value("SELECT count(DISTINCT id) FROM t WHERE id > 0"))
        .as("rows in the backup")
        .isEqualTo(String.valueOf(row));
  }
}
