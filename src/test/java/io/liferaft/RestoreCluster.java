package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import software.amazon.awssdk.services.s3.S3Client;
import tools.jackson.databind.JsonNode;

/** Three nodes, each with a way of its own to the store, so that it shows who asked for what. */
final class RestoreCluster implements AutoCloseable {

  static final String BUCKET = "backups";
  static final String KEY = "liferaft.sqlite.gz";

  final S3Server server = S3Server.start(BUCKET);
  final S3Client s3 = server.client();
  final List<FaultyS3> ways = new ArrayList<>();
  final NodeCluster cluster;

  RestoreCluster(Path folder) {
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

  @Override
  public void close() {
    cluster.close();
    ways.forEach(FaultyS3::close);
    s3.close();
    server.close();
  }

  FaultyS3 way(LiferaftProcess node) {
    return ways.get(cluster.nodes().indexOf(node));
  }

  void everyWay(Consumer<FaultyS3> rule) {
    ways.forEach(rule);
  }

  void put(BackupObject object) {
    object.put(s3, BUCKET, KEY);
  }

  String etag() {
    return s3.headObject(b -> b.bucket(BUCKET).key(KEY)).eTag();
  }

  List<LiferaftProcess> others(LiferaftProcess node) {
    return cluster.nodes().stream().filter(other -> other != node).toList();
  }

  /** Leadership of a cluster that has all its voters: whoever leads may go now. */
  LiferaftProcess awaitFormed() {
    return Waiting.await("three voters")
        .until(
            () -> LiferaftProcess.leaders(cluster.nodes()).findFirst().orElse(null),
            leader -> leader != null && voters(leader) == 3);
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

  static JsonNode restore(LiferaftProcess node) {
    RqliteClient.Answer answer = node.client().get("/actuator/restore");
    return answer.status() == 200
        ? answer.json()
        : tools.jackson.databind.node.MissingNode.getInstance();
  }

  static String state(LiferaftProcess node) {
    return restore(node).path("state").asString("");
  }

  /** The leader that says so at every place; nobody is ready, all are live and serve nobody. */
  LiferaftProcess awaitHeld(String... reason) {
    LiferaftProcess leader =
        Waiting.await("the reason " + reason[0])
            .failFast(
                "a node has ended",
                () -> !cluster.nodes().stream().allMatch(LiferaftProcess::alive))
            .until(
                () ->
                    LiferaftProcess.leaders(cluster.nodes())
                        .filter(node ->
                            restore(node).path("lastFailure").asString("").contains(reason[0]))
                        .findFirst()
                        .orElse(null),
                node -> node != null);
    assertThat(restore(leader).path("lastFailure").asString()).contains(reason).contains("s3://");
    JsonNode component =
        leader.client().get("/actuator/health").json().path("components").path("restore");
    assertThat(component.path("status").asString()).isEqualTo("DOWN");
    assertThat(component.path("details").path("lastFailure").asString()).contains(reason[0]);
    assertThat(leader.client().metric("liferaft_restore_attempts")).isPositive();
    assertThat(leader.logText()).contains(reason[0]);
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
    assertThat(traffic().uploads()).as("uploads among %s", traffic().requests().get()).isZero();
    nobodyAskedWhoNeverLed();
    return leader;
  }

  /** What the nodes have asked for, not what the test arranged. */
  S3Traffic traffic() {
    return new S3Traffic(() -> ways.stream().flatMap(way -> way.requests().stream()).toList(), KEY);
  }

  void nobodyAskedWhoNeverLed() {
    for (int i = 0; i < ways.size(); i++) {
      if (!cluster.node(i).logText().contains("This node leads in term")) {
        assertThat(ways.get(i).requests()).as("asked by " + cluster.node(i).id()).isEmpty();
      }
    }
  }

  /** All ready, with the same data, of so many rows, and nothing put over what was restored. */
  void isRestored(int rows) {
    cluster.awaitReady();
    for (LiferaftProcess node : cluster.nodes()) {
      assertThat(node.client().query("none", BackupObject.COUNT)).isEqualTo("[[" + rows + "]]");
      Waiting.await("the outcome on " + node.id())
          .until(() -> restore(node).path("outcome").asString("").equals("restored"));
    }
    assertThat(cluster.dump()).isNotEmpty();
    cluster.awaitIdleRounds(2);
    assertThat(traffic().uploads()).as("uploads among %s", traffic().requests().get()).isZero();
  }

  List<Long> downloads() {
    return ways.stream().map(way -> way.count("GET", KEY)).toList();
  }

  /** What GETs of the object have brought, of all nodes, oldest of a node first. */
  List<FaultyS3.Served> served() {
    return ways.stream().flatMap(way -> way.served().stream()).toList();
  }
}
