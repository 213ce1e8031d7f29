package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.SmallDisk;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.s3.S3Client;

@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("BackupIT")
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
    try (NodeCluster cluster = new NodeCluster(folder, 3, List.of())) {
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
      cluster.nodes().forEach(node -> awaitPreflightProblems(node, 1));

      Files.createDirectory(shared);
      cluster.nodes().forEach(node -> assertThat(preflight(node)).isZero());
      cluster.awaitReady();
      cluster.node(1).client().execute("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)");
      cluster.awaitBackup();
      LiferaftProcess leader = cluster.awaitLeader();
      cluster.transferLeadership(
          cluster.nodes().stream().filter(node -> node != leader).findFirst().orElseThrow());
      cluster.node(1).client().execute("INSERT INTO t VALUES (2)");
      cluster.awaitBackup();
      goesOnWithoutTheDirectory(cluster, shared);
      refusesADirectoryWithoutTheMarker(cluster, shared.resolve("liferaft.sqlite.lineage"));
      cluster.kill();
      assertThat(backup).exists();

      cluster.wipe();
      cluster.startAndAwaitReady();

      for (LiferaftProcess node : cluster.nodes()) {
        assertThat(node.client().query("none", "SELECT id FROM t ORDER BY id"))
            .isEqualTo("[[1],[2],[3],[4]]");
      }
    }
  }

  private static void awaitPreflightProblems(LiferaftProcess node, int problems) {
    Waiting.await("the preflight by itself")
        .until(() ->
            node.client().get("/actuator/backup/preflight").json().path("problems").asInt(0)
                == problems);
  }

  private static int preflight(LiferaftProcess node) {
    RqliteClient.Answer answer = node.client().post("/actuator/backup/preflight", "");
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return answer.json().path("problems").asInt(-1);
  }

  private static void goesOnWithoutTheDirectory(NodeCluster cluster, Path shared)
      throws IOException {
    Path away = shared.resolveSibling("away");
    Files.move(shared, away);
    cluster.node(1).client().execute("INSERT INTO t VALUES (3)");

    LiferaftProcess leader = awaitProblem(cluster, "does not exist (is it mounted?)");
    Waiting.await("several attempts")
        .until(() ->
            leader.client().get("/actuator/backup").json().path("failuresInARow").asInt() > 1);
    assertThat(shared).as("a directory that several nodes share is not made").doesNotExist();
    assertThat(leader.logText().lines().filter(l -> l.contains("Backup failed"))).hasSize(1);

    Files.move(away, shared);
    cluster.awaitBackup();
  }

  private static void refusesADirectoryWithoutTheMarker(NodeCluster cluster, Path marker)
      throws IOException {
    Path away = marker.resolveSibling("marker-away");
    cluster.awaitIdleRounds(2);
    Files.move(marker, away);
    LiferaftProcess leader = cluster.awaitLeader();
    cluster.transferLeadership(
        cluster.nodes().stream().filter(node -> node != leader).findFirst().orElseThrow());
    cluster.node(1).client().execute("INSERT INTO t VALUES (4)");

    LiferaftProcess _ = awaitProblem(cluster, "lacks the marker of this cluster");

    Files.move(away, marker);
    cluster.awaitBackup();
  }

  /** The node that tells it; all serve on. */
  private static LiferaftProcess awaitProblem(NodeCluster cluster, String problem) {
    LiferaftProcess leader =
        Waiting.await("the problem " + problem)
            .until(
                () ->
                    cluster.nodes().stream()
                        .filter(
                            node -> node.client().get("/actuator/backup").body().contains(problem))
                        .toList(),
                list -> !list.isEmpty())
            .getFirst();
    for (LiferaftProcess node : cluster.nodes()) {
      assertThat(node.client().ready()).isTrue();
      assertThat(node.client().live()).isTrue();
      assertThat(node.client().get("/actuator/health").status()).isEqualTo(200);
    }
    return leader;
  }

  @Test
  void aDirectoryThatIsFullOrReadOnlyKeepsItsBackup(@TempDir Path folder) throws Exception {
    Path place = Files.createDirectory(folder.resolve("place"));
    Path backup = place.resolve("liferaft.sqlite");
    try (SmallDisk mount = SmallDisk.mount(place, "256k");
        NodeCluster cluster =
            new NodeCluster(folder, 1, List.of())
                .with("liferaft.backup.target=file:" + backup)
                .with("liferaft.backup.interval=1s")
                .with("liferaft.backup.compress=false")) {
      RqliteClient node = cluster.startAndAwaitReady().node(0).client();
      node.execute("CREATE TABLE t (data BLOB)", "INSERT INTO t VALUES (randomblob(20000))");
      cluster.awaitBackup();
      byte[] good = Files.readAllBytes(backup);

      mount.readOnly(true);
      node.execute("INSERT INTO t VALUES (1)");
      LiferaftProcess _ = awaitProblem(cluster, "Read-only file system");
      assertThat(Files.readAllBytes(backup)).isEqualTo(good);
      mount.readOnly(false);
      cluster.awaitBackup();
      good = Files.readAllBytes(backup);

      node.execute("INSERT INTO t VALUES (randomblob(300000))");
      LiferaftProcess _ = awaitProblem(cluster, "No space left on device");
      assertThat(Files.readAllBytes(backup)).as("the last good backup").isEqualTo(good);
      try (Stream<Path> files = Files.list(place)) {
        assertThat(files).noneMatch(file -> file.getFileName().toString().contains("-tmp-"));
      }
      node.execute("DELETE FROM t WHERE length(data) > 20000", "VACUUM");
      cluster.awaitBackup();
      assertThat(SqliteFile.of(Files.readAllBytes(backup), folder).value("SELECT count(*) FROM t"))
          .isEqualTo("2");
    }
  }
}
