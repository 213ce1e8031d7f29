package io.liferaft;

import static io.liferaft.support.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A cluster of three processes that is set back under its writers. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("InPlaceRestoreIT")
class InPlaceRestoreIT {

  private static final String BUCKET = "backups";

  @TempDir private Path folder;

  private final S3Server server = S3Server.start(BUCKET);
  private final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private NodeCluster cluster;
  private AcknowledgedWrites writes;

  @BeforeEach
  void start() {
    cluster =
        new NodeCluster(folder, 3, server.nodeSettings(faulty.endpoint()))
            .with("liferaft.backup.target=s3://" + BUCKET + "/main/")
            .with("liferaft.backup.interval=1s")
            .startAndAwaitReady();
    writes = new AcknowledgedWrites(cluster.nodes(), 3);
  }

  @AfterEach
  void close() {
    cluster.close();
    faulty.close();
    server.close();
  }

  private JsonNode listed(Predicate<JsonNode> wanted) {
    RqliteClient.Answer answer = cluster.awaitLeader().client().get("/actuator/backups");
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return answer.json().path("backups").valueStream().filter(wanted).findFirst().orElseThrow();
  }

  private static RqliteClient.Answer restore(LiferaftProcess node, String point) {
    return node.client().post("/actuator/restore", "{\"point\": \"" + point + "\"}");
  }

  private static String phase(LiferaftProcess node) {
    return node.client().get("/actuator/restore").json().path("inPlace").path("phase").asString();
  }

  private static BitSet ids(String rows) {
    BitSet ids = new BitSet();
    JsonMapper.builder()
        .build()
        .readTree(rows)
        .valueStream()
        .forEach(row -> ids.set(row.path(0).asInt()));
    return ids;
  }

  private BitSet stored() {
    return ids(cluster.node(0).client().query("strong", "SELECT id FROM w"));
  }

  @Test
  void setsAllNodesBackAndLosesNothingThatWasAcknowledged() throws Exception {
    writes.during(() -> writes.awaitMore(50));
    cluster.awaitBackup();
    List<Integer> early = writes.acknowledged();
    String point = listed(one -> one.path("newest").asBoolean()).path("id").asString();
    LiferaftProcess leader = cluster.awaitLeader();
    LiferaftProcess follower =
        cluster.nodes().stream().filter(node -> node != leader).findFirst().orElseThrow();

    writes.during(() -> {
      writes.awaitMore(100);
      assertThat(restore(follower, point).status()).isEqualTo(421);
      RqliteClient.Answer begun = restore(leader, point);
      assertThat(begun.status()).as(begun.body()).isEqualTo(202);
      assertThat(restore(leader, point).status()).isEqualTo(409);
      await("the end of the restore").until(() -> phase(leader).equals("done"));
      writes.awaitMore(50);
    });

    String dump = cluster.dump();
    BitSet now = stored();
    assertThat(early).as("rows of the restore point").allMatch(now::get);
    Path before = folder.resolve("before.sqlite");
    String safety = listed(one -> one.path("pinned").asBoolean()).path("id").asString();
    assertThat(leader.client().download("/actuator/backups/" + safety + "/database", before))
        .isEqualTo(200);
    SqliteFile kept = SqliteFile.of(Files.readAllBytes(before), folder);
    BitSet old = ids(kept.value("SELECT json_group_array(json_array(id)) FROM w"));
    assertThat(writes.acknowledged())
        .as("acknowledged, and neither in the safety backup nor in the database")
        .allMatch(id -> old.get(id) || now.get(id));
    assertThat(old.cardinality()).isGreaterThan(early.size() + 99);
    assertThat(now.cardinality()).isLessThan(writes.acknowledged().size());
    assertThat(metric(leader, "liferaft_restore_in_place_total{result=\"done\"}")).isEqualTo(1);
    assertThat(metric(follower, "liferaft_restore_writes_held")).isZero();

    comesBackAsItWasSetBack(dump);
  }

  private static double metric(LiferaftProcess node, String name) {
    return node.client().metric(name);
  }

  /** The point to which it was set back is what a cluster without disks gets. */
  private void comesBackAsItWasSetBack(String dump) {
    cluster.awaitBackup();
    cluster.kill();
    cluster.wipe();
    cluster.startAndAwaitReady();
    assertThat(cluster.dump()).isEqualTo(dump);
  }

  @Test
  void changesNothingWhenTheLeaderIsKilledWhileWritesAreHeld() throws Exception {
    writes.during(() -> writes.awaitMore(50));
    cluster.awaitBackup();
    String point = listed(one -> one.path("newest").asBoolean()).path("id").asString();
    writes.during(() -> writes.awaitMore(50));
    cluster.awaitBackup();
    LiferaftProcess leader = cluster.awaitLeader();
    // What is not backed up yet when the writes are held, so that the safety backup needs the
    // store.
    FaultyS3.Held held = faulty.when("PUT").and(r -> r.key().startsWith("main/packs/")).hold();
    writes.during(() -> writes.awaitMore(20));
    await("a backup on its way").until(held::reached);

    assertThat(restore(leader, point).status()).isEqualTo(202);
    LiferaftProcess other =
        cluster.nodes().stream().filter(node -> node != leader).findFirst().orElseThrow();
    await("writes are held, as the others know")
        .until(() -> metric(other, "liferaft_restore_writes_held") == 1);
    RqliteClient.Answer refused =
        other.client().post("/db/execute", "[\"INSERT INTO w(id) VALUES(-1)\"]");
    assertThat(refused.status()).as(refused.body()).isEqualTo(503);
    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    leader.kill();
    held.release();
    faulty.heal();

    await("another leader takes writes").until(() -> other.client().ready());
    writes.during(() -> writes.awaitMore(20));
    leader.start();
    NodeCluster.awaitReady(leader);
    writes.verify();
    String dump = cluster.dump();
    comesBackAsItWasSetBack(dump);
  }
}
