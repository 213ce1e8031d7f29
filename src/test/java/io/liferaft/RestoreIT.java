package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;
import tools.jackson.databind.JsonNode;

/** Three nodes, each with a way of its own to the store, so that it shows who asked. */
class RestoreIT {

  private static final String BUCKET = "backups";
  private static final String KEY = "liferaft.sqlite.gz";

  @TempDir private Path folder;

  private S3Server server;
  private S3Client s3;
  private List<FaultyS3> ways;
  private NodeCluster cluster;

  @BeforeEach
  void makeCluster() {
    server = S3Server.start(BUCKET);
    s3 = server.client();
    ways = new ArrayList<>();
    cluster = new NodeCluster(folder, 3, server.nodeSettings(server.endpoint()));
    cluster
        .with("liferaft.backup.target=s3://" + BUCKET + "/" + KEY)
        .with("liferaft.backup.interval=1s");
    for (LiferaftProcess node : cluster.nodes()) {
      FaultyS3 way = FaultyS3.inFrontOf(server);
      ways.add(way);
      node.with("spring.cloud.aws.s3.endpoint", way.endpoint().toString());
    }
  }

  @AfterEach
  void close() {
    cluster.close();
    ways.forEach(FaultyS3::close);
    s3.close();
    server.close();
  }

  @Test
  void nothingIsDownloadedWithoutBackupForALostDiskOrOverDataOnDisk() throws Exception {
    startsEmptyWithAnEmptyBucket();
    admitsANodeThatLostItsDisk();
    keepsTheDataOnDiskWhateverTheStoreHolds();
  }

  private void startsEmptyWithAnEmptyBucket() {
    cluster.startAndAwaitReady();

    for (LiferaftProcess node : cluster.nodes()) {
      assertThat(node.client().query("none", "SELECT count(*) FROM sqlite_schema"))
          .isEqualTo("[[0]]");
      Waiting.await("the outcome on " + node.id())
          .until(() -> restore(node).path("outcome").asString("").equals("nothing-there"));
    }
    assertThat(downloads()).containsExactly(0L, 0L, 0L);
  }

  private void admitsANodeThatLostItsDisk() {
    LiferaftProcess first = cluster.node(0);
    LiferaftProcess lost = cluster.node(2);
    first.client().execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
    cluster.awaitBackup();

    lost.kill();
    lost.wipe();
    first.client().execute("INSERT INTO t (text) VALUES ('with two of three')");
    lost.start();
    Waiting.await("the lost node is ready")
        .until(() -> {
          first.client().execute("INSERT INTO t (text) VALUES ('meanwhile')");
          return lost.client().ready();
        });

    assertThat(cluster.dump()).isNotEmpty();
    assertThat(lost.client().query("none", "SELECT text FROM t WHERE id = 1"))
        .isEqualTo("[[\"with two of three\"]]");
    assertThat(downloads()).containsExactly(0L, 0L, 0L);
  }

  private void keepsTheDataOnDiskWhateverTheStoreHolds() throws IOException {
    cluster.awaitBackup();
    String before = cluster.dump();
    cluster.kill();
    BackupObject.plain(folder).gzip().put(s3, BUCKET, KEY);
    server.forgetRequests();

    cluster.startAndAwaitReady();

    assertThat(cluster.dump()).isEqualTo(before);
    Waiting.await("the leader to see that two clusters share the target")
        .until(() ->
            LiferaftProcess.leaders(cluster.nodes())
                .anyMatch(
                    leader -> leader.client().get("/actuator/backup").body().contains("STOPPED")));
    cluster.nodes().forEach(node -> assertThat(node.client().ready()).isTrue());
    S3Traffic traffic = new S3Traffic(server::requests, KEY);
    assertThat(traffic.uploads()).as("uploads among %s", server.requests()).isZero();
    assertThat(traffic.downloads()).as("downloads among %s", server.requests()).isZero();
  }

  @Test
  void theNextLeaderFinishesWhatAKilledOneBegan() throws Exception {
    BackupObject good = BackupObject.plain(folder).gzip();
    good.truncated().put(s3, BUCKET, KEY);
    cluster.start();
    allHoldForADamagedBackup();

    int killed = cluster.nodes().indexOf(cluster.awaitLeader());
    LiferaftProcess leader = cluster.node(killed);
    ways.get(killed).when("GET").key(KEY).holdAnswerAt(good.bytes().length / 4);
    good.put(s3, BUCKET, KEY);
    Waiting.await("the leader is in the middle of its download")
        .until(() ->
            restore(leader).path("state").asString("").equals("downloading")
                && restore(leader).path("bytes").asLong() > 0);
    cluster.nodes().forEach(node -> assertThat(node.client().ready()).isFalse());
    leader.kill();
    List<LiferaftProcess> others = cluster.nodes().stream().filter(n -> n != leader).toList();
    others.forEach(NodeCluster::awaitReady);
    NodeCluster.awaitReady(leader.start());

    for (LiferaftProcess node : cluster.nodes()) {
      assertThat(node.client().query("none", BackupObject.COUNT)).isEqualTo(BackupObject.COUNTED);
    }
    assertThat(cluster.dump()).isNotEmpty();
    assertThat(ways.get(killed).count("GET", KEY)).as("by the killed leader").isPositive();
    assertThat(downloads().stream().filter(n -> n > 0)).as("by who led").hasSizeBetween(2, 3);
    nobodyAskedWhoNeverLed();
  }

  private void allHoldForADamagedBackup() {
    LiferaftProcess leader = cluster.awaitLeader();
    Waiting.await("three voters").until(() -> voters(leader) == 3);
    Waiting.await("a failed attempt").until(() -> restore(leader).has("lastFailure"));
    assertThat(restore(leader).path("lastFailure").asString())
        .contains("is damaged", "Put a good one");
    for (LiferaftProcess node : cluster.nodes()) {
      RqliteClient client = node.client();
      assertThat(client.live()).isTrue();
      assertThat(client.ready()).isFalse();
      assertThat(client.get("/actuator/health/readiness").status()).isEqualTo(503);
      assertThat(client.get("/status").status()).isEqualTo(200);
      RqliteClient.Answer refused = client.post("/db/query?level=none", "[\"SELECT 1\"]");
      assertThat(refused.status()).as(refused.body()).isEqualTo(503);
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    }
    nobodyAskedWhoNeverLed();
  }

  private void nobodyAskedWhoNeverLed() {
    for (int i = 0; i < ways.size(); i++) {
      if (!cluster.node(i).logText().contains("This node leads in term")) {
        assertThat(ways.get(i).requests()).as("asked by " + cluster.node(i).id()).isEmpty();
      }
    }
  }

  private static long voters(LiferaftProcess node) {
    RqliteClient.Answer nodes = node.client().get("/nodes?ver=2");
    return nodes.status() != 200
        ? 0
        : StreamSupport.stream(nodes.json().path("nodes").spliterator(), false)
            .filter(
                member -> member.path("voter").asBoolean() && member.path("reachable").asBoolean())
            .count();
  }

  private static JsonNode restore(LiferaftProcess node) {
    return node.client().get("/actuator/restore").json();
  }

  private List<Long> downloads() {
    return ways.stream().map(way -> way.count("GET", KEY)).toList();
  }
}
