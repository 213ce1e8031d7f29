package io.liferaft;

import static io.liferaft.support.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.LiferaftProcess.Said;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.S3Server.S3Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import tools.jackson.databind.JsonNode;

/** The promise with an archive as the target: many restore points, each of what changed. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("ArchiveIT")
class ArchiveIT {

  private static final String BUCKET = "backups";
  private static final String TARGET = "s3://" + BUCKET + "/main/";

  @TempDir private Path folder;

  private final S3Server server = S3Server.start(BUCKET);
  private final S3Client s3 = server.client();
  private NodeCluster cluster;

  @BeforeEach
  void makeNode() {
    cluster = cluster(1);
  }

  @AfterEach
  void close() {
    cluster.close();
    s3.close();
    server.close();
  }

  private NodeCluster cluster(int size) {
    return new NodeCluster(
            folder.resolve("of" + size), size, server.nodeSettings(server.endpoint()))
        .with("liferaft.backup.target=" + TARGET)
        .with("liferaft.backup.interval=1s");
  }

  private List<S3Object> objects(String kind) {
    return s3.listObjectsV2(b -> b.bucket(BUCKET).prefix("main/" + kind + "/")).contents();
  }

  private long bytes(String kind) {
    return objects(kind).stream().mapToLong(S3Object::size).sum();
  }

  private long requests(String method) {
    return server.requests().stream()
        .filter(request -> request.method().equals(method))
        .filter(request -> request.key().startsWith("main/"))
        .count();
  }

  private void execute(String... statements) {
    String answer = cluster.awaitLeader().client().execute(statements).toString();
    assertThat(answer).doesNotContain("error");
  }

  private void load(int tables, int rows) throws IOException {
    Path file = folder.resolve("generated.sqlite");
    GeneratedDatabase.write(file, tables, rows);
    RqliteClient.Answer loaded = cluster.awaitLeader().client().load(file);
    assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
  }

  @Test
  void keepsWhatWasThereBeforeMostOfItWent() throws Exception {
    cluster
        .with("liferaft.backup.retention.keep-all=0s")
        .with("liferaft.backup.retention.hourly=0")
        .with("liferaft.backup.retention.daily=0")
        .with("liferaft.backup.retention.weekly=0")
        .with("liferaft.backup.retention.monthly=0")
        .with("liferaft.backup.retention.minimum=1")
        .startAndAwaitReady();
    load(1, 3_000);
    cluster.awaitBackup();

    execute("CREATE TABLE left_over (a)", "DROP VIEW v", "DROP TABLE t0");
    cluster.awaitBackup();

    assertThat(cluster.node(0).logText()).contains("has lost most of its content");
    JsonNode points = listed();
    List<String> pinned =
        points
            .valueStream()
            .filter(point -> point.path("pinned").asBoolean())
            .map(point -> point.path("id").asString())
            .toList();
    assertThat(pinned).isNotEmpty();
    assertThat(points.valueStream().filter(p -> p.path("newest").asBoolean()))
        .noneMatch(point -> point.path("pinned").asBoolean());
    assertThat(objects("pins")).extracting(S3Object::key).allMatch(k -> k.endsWith(".and-older"));
  }

  @Test
  void threeNodesLoseEveryDiskAndComeBackFromAnArchive() throws Exception {
    cluster = cluster(3).startAndAwaitReady();
    load(10, 3_000);
    cluster.awaitBackup();
    long whole = bytes("packs");

    execute("UPDATE t3 SET note = 'changed' WHERE id = 1500");
    cluster.awaitBackup();
    assertThat(bytes("packs") - whole).as("bytes for one changed row").isBetween(1L, 200_000L);

    aDrillComparesWhileOthersWrite();
    uploadsNothingForALeaderChange();

    String before = cluster.dump();
    long stored = bytes("packs");
    cluster.kill();
    cluster.wipe();
    server.forgetRequests();
    cluster.startAndAwaitReady();
    assertThat(cluster.dump()).isEqualTo(before);
    cluster.awaitIdleRounds(3);
    assertThat(requests("PUT")).as("uploads after the restore").isZero();

    execute("INSERT INTO t0 (name) VALUES ('the next write')");
    cluster.awaitBackup();
    assertThat(bytes("packs") - stored).as("bytes after the restore").isBetween(1L, 400_000L);
    assertThat(requests("GET")).as("lists").isLessThan(200);
  }

  private LiferaftProcess followerOf(LiferaftProcess leader) {
    return cluster.nodes().stream().filter(node -> node != leader).findFirst().orElseThrow();
  }

  private void aDrillComparesWhileOthersWrite() throws InterruptedException {
    LiferaftProcess leader = cluster.awaitLeader();
    LiferaftProcess follower = followerOf(leader);
    AtomicBoolean stop = new AtomicBoolean();
    Thread writer =
        Thread.ofVirtual()
            .start(() -> {
              while (!stop.get()) {
                leader.client().execute("UPDATE t1 SET note = random() WHERE id = 700");
              }
            });
    try {
      assertThat(follower.client().post("/actuator/drill", "").body())
          .contains("\"result\":\"ok\"", "\"compared\":true", "its contents are this node's");
    } finally {
      stop.set(true);
      writer.join();
    }
    cluster.awaitBackup();
  }

  private void uploadsNothingForALeaderChange() {
    cluster.awaitIdleRounds(2);
    long uploads = requests("PUT");
    LiferaftProcess leader = cluster.awaitLeader();
    LiferaftProcess follower = followerOf(leader);
    cluster.transferLeadership(follower);
    cluster.awaitIdleRounds(3);
    assertThat(requests("PUT")).as("uploads after a leader change").isEqualTo(uploads);
  }

  @Test
  void restoresThePointThatItIsTold() throws Exception {
    cluster.startAndAwaitReady();
    execute("CREATE TABLE t (a)", "INSERT INTO t VALUES ('early')");
    cluster.awaitBackup();
    String early = listed().path(0).path("id").asString();
    execute("INSERT INTO t VALUES ('late')");
    cluster.awaitBackup();
    assertThat(listed().size()).isGreaterThan(1);
    assertThat(listed().path(0).path("newest").asBoolean()).isTrue();

    restart("liferaft.restore.point=" + early);
    assertThat(rows()).isEqualTo("[[\"early\"]]");
    cluster.awaitIdleRounds(1);
    execute("INSERT INTO t VALUES ('another way')");
    cluster.awaitBackup();

    restart("liferaft.restore.point=latest");
    assertThat(rows()).isEqualTo("[[\"early\"],[\"another way\"]]");
    assertThat(cluster.node(0).logText()).doesNotContain("ERROR");
  }

  private void restart(String setting) {
    cluster.kill();
    cluster.wipe();
    cluster.with(setting).startAndAwaitReady();
  }

  private JsonNode listed() {
    RqliteClient.Answer answer = cluster.node(0).client().get("/actuator/backups");
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return answer.json().path("backups");
  }

  private String rows() {
    return cluster.node(0).client().query("strong", "SELECT a FROM t");
  }

  @Test
  void takesTheOneBeforeWhenTheNewestIsDamagedAndSaysSo() throws Exception {
    cluster.startAndAwaitReady();
    execute("CREATE TABLE t (a)", "INSERT INTO t VALUES ('early')");
    cluster.awaitBackup();
    execute("INSERT INTO t VALUES ('late')");
    cluster.awaitBackup();
    S3Object newest = objects("packs").getLast();
    s3.putObject(
        b -> b.bucket(BUCKET).key(newest.key()),
        RequestBody.fromBytes(new byte[newest.size().intValue()]));

    restart("liferaft.restore.point=latest");

    assertThat(rows()).isEqualTo("[[\"early\"]]");
    assertThat(cluster.node(0).logText())
        .contains(newest.key())
        .contains("The next older one is taken");
    cluster.awaitBackup();
    assertThat(listed().size()).isGreaterThan(2);
  }

  @Test
  void comesBackFromAnEncryptedArchiveOnlyWithItsKey() throws Exception {
    Path key = Files.writeString(folder.resolve("key"), "5a".repeat(32));
    cluster
        .with("liferaft.archive.encryption.key-id=k1")
        .with("liferaft.archive.encryption.keys.k1=file:" + key)
        .startAndAwaitReady();
    execute("CREATE TABLE t (a)", "INSERT INTO t VALUES ('precious')");
    cluster.awaitBackup();
    for (String kind : List.of("packs", "manifests")) {
      for (S3Object object : objects(kind)) {
        String content =
            s3.getObjectAsBytes(b -> b.bucket(BUCKET).key(object.key()))
                .asString(StandardCharsets.ISO_8859_1);
        assertThat(content).doesNotContain("precious");
      }
    }
    assertThat(backups("verify").text()).contains("encrypted with the key of id k1");

    cluster.kill();
    cluster.wipe();
    Path away = Files.move(key, folder.resolve("away"));
    cluster.start();
    await("the restore to say which key it wants")
        .until(() ->
            cluster.node(0).client().get("/actuator/restore").body().contains("key of id k1"));
    assertThat(cluster.node(0).client().ready()).isFalse();
    assertThat(cluster.node(0).client().live()).isTrue();
    Files.move(away, key);
    cluster.awaitReady();

    assertThat(rows()).isEqualTo("[[\"precious\"]]");
    assertThat(cluster.node(0).logText()).doesNotContain("5a5a5a");
  }

  @Test
  void showsFetchesAndVerifiesWhenNothingRuns() throws Exception {
    cluster.startAndAwaitReady();
    execute("CREATE TABLE t (a)", "INSERT INTO t VALUES ('early')");
    cluster.awaitBackup();
    execute("INSERT INTO t VALUES ('late')");
    cluster.awaitBackup();
    String early = listed().path(1).path("id").asString();
    String newest = listed().path(0).path("id").asString();
    cluster.kill();

    Said list = backups("list");
    assertThat(list.text()).contains(early, newest + "  (newest)", "2 restore points at " + TARGET);
    assertThat(list.status()).isZero();

    Path file = folder.resolve("early.sqlite");
    Said get = backups("get", "--point=" + early, file.toString());
    assertThat(get.text()).contains("every hash right");
    assertThat(get.status()).isZero();
    assertThat(new SqliteFile(file).value("SELECT group_concat(a) FROM t")).isEqualTo("early");
    assertThat(backups("get", file.toString()).status()).isEqualTo(2);

    assertThat(backups("verify", "--all").text()).contains("2 verified, 0 damaged");
    S3Object pack = objects("packs").getLast();
    s3.deleteObject(b -> b.bucket(BUCKET).key(pack.key()));
    Said verify = backups("verify", "--all");
    assertThat(verify.text())
        .contains("DAMAGED  " + newest)
        .contains(pack.key() + " is gone")
        .contains("good     " + early)
        .contains("2 verified, 1 damaged");
    assertThat(verify.status()).isOne();
  }

  private Said backups(String action, String... words) {
    List<String> line = new ArrayList<>(List.of("backups", action, "--target=" + TARGET));
    server.nodeSettings(server.endpoint()).forEach(setting -> line.add("--" + setting));
    line.addAll(List.of(words));
    return cluster.node(0).run(line.toArray(String[]::new));
  }

  @Test
  void asksNothingOfTheStoreWhenNothingChanges() {
    cluster.startAndAwaitReady();
    execute("CREATE TABLE t (a)");
    cluster.awaitBackup();
    cluster.awaitIdleRounds(2);
    server.forgetRequests();

    cluster.awaitIdleRounds(5);

    assertThat(server.requests()).extracting(S3Request::method).isEmpty();
  }
}
