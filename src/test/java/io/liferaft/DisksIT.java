package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Disks are lost, and an operator goes on from those that are left. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("DisksIT")
class DisksIT {

  private static final String BUCKET = "backups";
  private static final String KEY = "liferaft.sqlite.gz";

  @TempDir private Path folder;

  @Test
  void aSurvivorOfThreeIsRecoveredAndNoGoodBackupIsLost() throws Exception {
    try (S3Server server = S3Server.start(BUCKET);
        S3Client s3 = server.client();
        NodeCluster cluster =
            new NodeCluster(folder, 3, server.nodeSettings(server.endpoint()))
                .with("liferaft.backup.target=s3://" + BUCKET + "/" + KEY)
                .with("liferaft.backup.interval=1s")) {
      cluster.startAndAwaitReady();
      LiferaftProcess survivor = cluster.node(1);
      survivor.client().execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
      survivor.client().execute("INSERT INTO t (text) VALUES ('before')");
      cluster.awaitBackup();
      String before = cluster.dump();
      Map<String, String> backup = metadata(s3);
      cluster.kill();
      Path oldDisk = folder.resolve("old-disk");
      copy(cluster.node(0).dataDir(), oldDisk);
      cluster.node(0).wipe();
      cluster.node(2).wipe();
      server.forgetRequests();

      holdsAndSaysWhatToDo(cluster, survivor);
      recovers(survivor);
      cluster.node(1).start();
      cluster.awaitReady();
      assertThat(cluster.dump()).isEqualTo(before);
      survivor.client().execute("INSERT INTO t (text) VALUES ('after')");
      cluster.awaitBackup();
      S3Traffic traffic = new S3Traffic(server::requests, KEY);
      assertThat(traffic.downloads()).as("downloads").isZero();
      keepsTheFormerBackup(s3, backup);

      anOldDiskIsRefused(cluster, oldDisk);
      aListWithoutTheLivingMembersRestoresNothing(cluster);
      assertThat(traffic.downloads()).as("downloads").isZero();
    }
  }

  /**
   * As rqlite's operators do it: a list of members in the Raft folder of each node that is left.
   */
  @Test
  void twoOfThreeGoOnByTheirPeersFile() throws Exception {
    try (NodeCluster cluster = new NodeCluster(folder, 3, List.of())) {
      cluster.startAndAwaitReady();
      LiferaftProcess lost = cluster.node(0);
      List<LiferaftProcess> left = List.of(cluster.node(1), cluster.node(2));
      lost.client().execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
      lost.client().execute("INSERT INTO t (text) VALUES ('acknowledged')");
      cluster.kill();
      lost.wipe();
      for (LiferaftProcess node : left) {
        Files.writeString(
            node.dataDir().resolve("raft/peers.json"),
            left.stream()
                .map(n -> "{\"id\":\"%s\",\"address\":\"%s\"}".formatted(n.id(), n.raftAddress()))
                .collect(Collectors.joining(",", "[", "]")));
      }

      left.getFirst().start();
      awaitSaid(left.getFirst(), "waiting for " + left.getLast().id());
      left.getFirst().kill();
      left.forEach(LiferaftProcess::start);
      left.forEach(NodeCluster::awaitReady);

      for (LiferaftProcess node : left) {
        assertThat(node.client().query("linearizable", "SELECT text FROM t"))
            .isEqualTo("[[\"acknowledged\"]]");
        assertThat(node.dataDir().resolve("raft/peers.json")).doesNotExist();
        assertThat(node.dataDir().resolve("peers.info")).exists();
      }
      NodeCluster.awaitReady(lost.start());
      lost.client().execute("INSERT INTO t (text) VALUES ('with three')");
      assertThat(cluster.dump()).isNotEmpty();
      cluster.kill();
      cluster.startAndAwaitReady();
      assertThat(lost.client().query("linearizable", "SELECT count(*) FROM t")).isEqualTo("[[2]]");
    }
  }

  private static void holdsAndSaysWhatToDo(NodeCluster cluster, LiferaftProcess survivor) {
    cluster.node(0).start();
    cluster.node(2).start();
    awaitSaid(cluster.node(0), "waiting for n2 at ");
    survivor.start();
    for (LiferaftProcess empty : List.of(cluster.node(0), cluster.node(2))) {
      awaitSaid(empty, "n2 has data up to log index ");
      awaitSaid(empty, "stop n2 and run `liferaftd recover` on its data directory");
    }
    awaitSaid(survivor, "the quorum is lost: n1 has an empty disk, n3 has an empty disk");
    awaitSaid(survivor, "stop this node and run: liferaftd recover " + survivor.dataDir());
    for (LiferaftProcess node : cluster.nodes()) {
      assertThat(node.client().live()).isTrue();
      assertThat(node.client().ready()).isFalse();
      assertThat(node.client().get("/actuator/health/readiness").status()).isEqualTo(503);
      RqliteClient.Answer refused = node.client().post("/db/execute", "[\"CREATE TABLE u(x)\"]");
      assertThat(refused.status()).as(refused.body()).isEqualTo(503);
    }
  }

  private static void recovers(LiferaftProcess survivor) {
    String dataDir = survivor.dataDir().toString();
    LiferaftProcess.Said refused = survivor.run("recover", dataDir);
    assertThat(refused.text()).contains("is in use: stop the node n2 first").hasLineCount(1);
    assertThat(refused.status()).isEqualTo(1);
    survivor.stop();

    LiferaftProcess.Said done = survivor.run("recover", dataDir);

    assertThat(done.status()).as(done.text()).isZero();
    assertThat(done.text())
        .startsWith("Node n2 at " + survivor.raftAddress())
        .contains("cluster group before", ", with n1, n3", "cluster group now", "this node alone")
        .contains("Start n1, n3 with the settings they had and empty data directories");
    LiferaftProcess.Said again = survivor.run("recover", dataDir);
    assertThat(again.status()).isZero();
    assertThat(again.text()).contains("nothing to do");
    assertThat(survivor.run("recovr", dataDir).status())
        .as("taken for a data directory, behind which nothing may stand")
        .isEqualTo(1);
  }

  private static void keepsTheFormerBackup(S3Client s3, Map<String, String> before) {
    Map<String, String> now = metadata(s3);
    assertThat(now.get("liferaft-cluster-id")).isEqualTo(before.get("liferaft-cluster-id"));
    assertThat(now.get("liferaft-generation")).isNotEqualTo(before.get("liferaft-generation"));
    List<String> kept =
        s3.listObjectsV2(list -> list.bucket(BUCKET)).contents().stream()
            .map(S3Object::key)
            .filter(key -> key.contains(".preserved-"))
            .toList();
    assertThat(kept).hasSize(1);
    assertThat(
            s3.headObject(head -> head.bucket(BUCKET).key(kept.getFirst()))
                .metadata()
                .get("liferaft-sha256"))
        .isEqualTo(before.get("liferaft-sha256"));
  }

  private static Map<String, String> metadata(S3Client s3) {
    return s3.headObject(head -> head.bucket(BUCKET).key(KEY)).metadata();
  }

  private static void anOldDiskIsRefused(NodeCluster cluster, Path oldDisk) throws IOException {
    LiferaftProcess node = cluster.node(0);
    node.kill();
    node.wipe();
    copy(oldDisk, node.dataDir());
    node.start();

    awaitSaid(node, "was given up by `liferaftd recover`: what this disk holds is of before");

    assertThat(node.client().live()).isTrue();
    assertThat(node.client().ready()).isFalse();
    cluster.node(2).client().execute("INSERT INTO t (text) VALUES ('with two')");
    node.kill();
    node.wipe();
    NodeCluster.awaitReady(node.start());
    assertThat(cluster.dump()).isNotEmpty();
  }

  private static void aListWithoutTheLivingMembersRestoresNothing(NodeCluster cluster) {
    LiferaftProcess node = cluster.node(0);
    cluster.awaitBackup();
    node.kill();
    node.wipe();
    node.with("liferaft.raft.initial-cluster", "n1=" + node.raftAddress()).start();

    Waiting.await("the restore holds")
        .until(
            () -> node.client().get("/actuator/restore").body(),
            said -> said.contains("answers and has data") && said.contains("may be alive"));

    assertThat(node.client().live()).isTrue();
    assertThat(node.client().ready()).isFalse();
    assertThat(node.client().post("/db/query?level=none", "[\"SELECT 1\"]").status())
        .isEqualTo(503);
  }

  private static void awaitSaid(LiferaftProcess node, String part) {
    Waiting.await(node.id() + " says: " + part)
        .until(() -> node.client().get("/actuator/health").body(), said -> said.contains(part));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file));
        Path _ = Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }
}
