package io.liferaft;

import static io.liferaft.support.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.StartWatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import tools.jackson.databind.JsonNode;

/**
 * The promise with three processes, an encrypted archive and a second target, which lose every disk
 * again and again, each time with another misfortune. The methods are steps of one life.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("TwoTargetsIT")
class TwoTargetsIT {

  private static final String BUCKET = "backups";
  private static final String ARCHIVE = "s3://" + BUCKET + "/main/";
  private static final String KEY = "liferaft.archive.encryption.keys.k1";

  private final S3Server server = S3Server.start(BUCKET);
  private final S3Server other = S3Server.startOf("somebody", "elsewhere");
  private final FaultyS3 way = FaultyS3.inFrontOf(server);
  private final FaultyS3 otherWay = FaultyS3.inFrontOf(other);
  private final S3Client s3 = server.client();

  @TempDir private static Path folder;

  private NodeCluster cluster;
  private AcknowledgedWrites writes;

  @BeforeAll
  void start() throws Exception {
    Path key = Files.writeString(folder.resolve("key"), "5a".repeat(32));
    cluster =
        new NodeCluster(folder, 3, server.nodeSettings(way.endpoint()))
            .with("liferaft.backup.interval=1s")
            .with("liferaft.backup.target=" + ARCHIVE)
            .with("liferaft.archive.encryption.key-id=k1")
            .with(KEY + "=file:" + key)
            .with("liferaft.backup.second-target=s3://elsewhere/db/")
            .with("liferaft.objectstore.second-s3.region=" + other.region())
            .with("liferaft.objectstore.second-s3.endpoint=" + otherWay.endpoint())
            .with("liferaft.objectstore.second-s3.path-style-access-enabled=true")
            .with("liferaft.objectstore.second-s3.access-key=" + other.accessKey())
            .with("liferaft.objectstore.second-s3.secret-key=" + other.secretKey());
    cluster.startAndAwaitReady();
    writes = new AcknowledgedWrites(cluster.nodes(), 3);
    writes.during(() -> writes.awaitMore(60));
    awaitBackups();
  }

  @AfterAll
  void close() {
    cluster.close();
    s3.close();
    otherWay.close();
    way.close();
    other.close();
    server.close();
  }

  @Test
  @Order(1)
  void aLeaderThatGoesAndComesBackSendsNothingToEither() {
    LiferaftProcess leader = cluster.awaitLeader();
    LiferaftProcess follower =
        cluster.nodes().stream().filter(node -> node != leader).findFirst().orElseThrow();
    forgetRequests();

    for (LiferaftProcess next : List.of(follower, leader)) {
      cluster.transferLeadership(next);
      cluster.awaitIdleRounds(3);
    }

    assertThat(changes()).isEmpty();
  }

  @Test
  @Order(2)
  void whatWasRestoredFromTheFirstIsSentToNeitherBeforeTheNextWrite() throws Exception {
    String before = cluster.dump();

    losesEveryDisk();
    comesBack();

    assertThat(cluster.dump()).isEqualTo(before);
    cluster.awaitIdleRounds(4);
    assertThat(changes()).isEmpty();
    assertThat(lag("liferaft_backup_second_")).isZero();
    goesOn();
  }

  /** Its archive is cut short in the end, as by a disk that was full. */
  @Test
  @Order(3)
  void aFirstWhosePacksAreCutIsNotTakenAndTheSecondRestoresWhoeverIsKilled() throws Exception {
    String before = cluster.dump();

    losesEveryDisk();
    for (S3Object pack : packs()) {
      var _ =
          s3.putObject(
              b -> b.bucket(BUCKET).key(pack.key()),
              RequestBody.fromBytes(new byte[pack.size().intValue() / 2]));
    }
    otherWay.when("GET").and(r -> r.key().startsWith("db/packs/")).holdAnswerAt(100);
    try (StartWatch watch = watch()) {
      cluster.start();
      LiferaftProcess leader =
          await("the leader is at the second's packs")
              .until(
                  () ->
                      cluster.nodes().stream()
                          .filter(node -> {
                            JsonNode now = RestoreCluster.restore(node);
                            return now.path("state").asString("").equals("downloading")
                                && now.path("source").asString("").contains("elsewhere");
                          })
                          .findFirst()
                          .orElse(null),
                  node -> node != null);
      watch.assertHeld();
      leader.kill();
      otherWay.heal();
      leader.start();
      cluster.awaitReady();
      servesWhatItHad(watch);
    }

    assertThat(cluster.dump()).isEqualTo(before);
    assertThat(logs())
        .contains("is damaged")
        .contains("restored from the second target")
        .doesNotContain(other.secretKey(), server.secretKey());
    goesOn();
  }

  @Test
  @Order(4)
  void aFirstThatIsDownWhenEverythingIsLostLosesNothing() throws Exception {
    way.stop();
    writes.during(() -> writes.awaitMore(30));
    awaitBackedUp("liferaft_backup_second_");
    String before = cluster.dump();

    losesEveryDisk();
    comesBack();

    assertThat(cluster.dump()).isEqualTo(before);
    writes.verify();
    way.start();
    goesOn();
    assertThat(pinned()).as("what only the first held").isNotEmpty();
  }

  /**
   * The lowest id founds, and so leads first: with a key that opens nothing. And the first target
   * was away for a while, and is back with what it had: rows are missing there.
   */
  @Test
  @Order(5)
  void aLeaderWithAnotherKeyLetsOneRestoreThatHasTheRightOneAndTakesTheNewerBackup()
      throws Exception {
    way.stop();
    writes.during(() -> writes.awaitMore(30));
    awaitBackedUp("liferaft_backup_second_");
    String before = cluster.dump();
    Path wrong = Files.writeString(folder.resolve("wrong"), "77".repeat(32));
    LiferaftProcess first = cluster.node(0);

    losesEveryDisk();
    way.start();
    var _ = first.with(KEY, "file:" + wrong);
    comesBack();

    assertThat(cluster.dump()).isEqualTo(before);
    writes.verify();
    assertThat(first.logText()).contains("cannot be decrypted").contains("hands leadership on");
    assertThat(logs()).contains("holds a newer backup than " + ARCHIVE);
    first.stop();
    var _ = first.with(KEY, "file:" + folder.resolve("key"));
    NodeCluster.awaitReady(first.start());
    goesOn();
  }

  @Test
  @Order(6)
  void storesThatAreDownOnlyAtTheStartLoseNothingToAClusterThatMayStartEmpty() throws Exception {
    String good = newest();
    Path away = folder.resolve("away");
    Path directory = Files.createDirectory(folder.resolve("second"));
    cluster
        .with("liferaft.backup.second-target=file:" + directory + "/")
        .with("liferaft.objectstore.second-s3.region=")
        .with("liferaft.objectstore.second-s3.endpoint=")
        .with("liferaft.objectstore.second-s3.path-style-access-enabled=false")
        .with("liferaft.objectstore.second-s3.access-key=")
        .with("liferaft.objectstore.second-s3.secret-key=")
        .with("liferaft.restore.on-failure=start-empty");
    var _ = Files.move(directory, away);

    losesEveryDisk();
    way.stop();
    cluster.startAndAwaitReady();
    await("it has started empty")
        .until(() ->
            RestoreCluster.restore(cluster.node(0))
                .path("outcome")
                .asString("")
                .equals("started-empty"));
    var _ = Files.move(away, directory);
    way.start();
    cluster.awaitIdleRounds(3);
    assertThat(changes()).as("of an empty database").isEmpty();
    assertThat(newest()).isEqualTo(good);

    cluster.awaitLeader().client().execute("CREATE TABLE other (id INTEGER)");
    awaitBackups();
    assertThat(newest()).isNotEqualTo(good);
    assertThat(pinned()).contains(good);
    RqliteClient.Answer verified =
        cluster.node(1).client().post("/actuator/backups/" + good + "/verify", "{}");
    assertThat(verified.status()).as(verified.body()).isEqualTo(200);
  }

  private void losesEveryDisk() {
    cluster.kill();
    cluster.wipe();
    forgetRequests();
  }

  /** Nobody is served before the data is there, on any node. */
  private void comesBack() {
    try (StartWatch watch = watch()) {
      cluster.startAndAwaitReady();
      servesWhatItHad(watch);
    }
  }

  private StartWatch watch() {
    return new StartWatch(
        cluster.nodes(),
        "SELECT count(*) >= " + writes.acknowledged().size() + " FROM w",
        "[[1]]",
        "CREATE TABLE w (id INTEGER)",
        "already exists");
  }

  private static void servesWhatItHad(StartWatch watch) {
    int answered = watch.answered();
    await("answers with the data").until(() -> watch.answered() > answered + 6);
    watch.assertClean();
  }

  /** Writes, none of them lost or twice, and backups of them. */
  private void goesOn() throws Exception {
    writes.during(() -> writes.awaitMore(30));
    writes.verify();
    awaitBackups();
  }

  private void awaitBackups() {
    awaitBackedUp("liferaft_backup_");
    awaitBackedUp("liferaft_backup_second_");
  }

  private void awaitBackedUp(String prefix) {
    await(prefix + " has everything").until(() -> lag(prefix) == 0);
  }

  private double lag(String prefix) {
    RqliteClient leader = cluster.awaitLeader().client();
    return leader.metric(prefix + "age_seconds") >= 0 ? leader.metric(prefix + "change_lag") : -1;
  }

  private void forgetRequests() {
    server.forgetRequests();
    other.forgetRequests();
  }

  /** What has been written or deleted in the buckets, of both. */
  private List<String> changes() {
    return Stream.of(server, other)
        .flatMap(store -> store.requests().stream())
        .filter(request -> !Set.of("GET", "HEAD").contains(request.method()))
        .map(request -> request.method() + " " + request.bucket() + "/" + request.key())
        .toList();
  }

  private List<S3Object> packs() {
    return s3.listObjectsV2(b -> b.bucket(BUCKET).prefix("main/packs/")).contents();
  }

  private String newest() {
    return listed()
        .filter(one -> one.path("newest").asBoolean())
        .map(TwoTargetsIT::id)
        .findFirst()
        .orElseThrow();
  }

  private Set<String> pinned() {
    return listed()
        .filter(one -> one.path("pinned").asBoolean())
        .map(TwoTargetsIT::id)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String id(JsonNode listed) {
    return listed.path("id").asString();
  }

  private Stream<JsonNode> listed() {
    RqliteClient.Answer answer = cluster.node(2).client().get("/actuator/backups");
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return answer.json().path("backups").valueStream();
  }

  private String logs() {
    return cluster.nodes().stream().map(LiferaftProcess::logText).collect(Collectors.joining());
  }
}
