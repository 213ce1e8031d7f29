package io.liferaft;

import static io.liferaft.RestoreCluster.KEY;
import static io.liferaft.RestoreCluster.restore;
import static io.liferaft.RestoreCluster.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.StartWatch;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import tools.jackson.databind.JsonNode;

/** Who restores, when and how often, whoever is killed meanwhile. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("RestoreIT")
class RestoreIT {

  private static final long BIG_BYTES = 24_000_000;
  private static final int SMALL_ROWS = 100;

  @TempDir private Path folder;

  private RestoreCluster nodes;
  private NodeCluster cluster;

  @BeforeEach
  void makeCluster() {
    nodes = new RestoreCluster(folder);
    cluster = nodes.cluster;
  }

  @AfterEach
  void close() {
    nodes.close();
  }

  @Test
  void nothingIsDownloadedWithoutBackupForALostDiskOrOverDataOnDisk() throws Exception {
    startsEmptyWithAnEmptyBucket();
    admitsANodeThatLostItsDisk();
    keepsTheDataOnDiskWhateverTheStoreHolds();
  }

  private void startsEmptyWithAnEmptyBucket() {
    try (StartWatch watch =
        new StartWatch(
            cluster.nodes(),
            "SELECT count(*) FROM sqlite_schema",
            "[[0]]",
            "INSERT INTO t (id) VALUES (1)",
            "no such table")) {
      cluster.startAndAwaitReady();
      Waiting.await("answers").until(() -> watch.answered() > 3);
      watch.assertClean();
    }

    for (LiferaftProcess node : cluster.nodes()) {
      assertThat(node.client().query("none", "SELECT count(*) FROM sqlite_schema"))
          .isEqualTo("[[0]]");
      Waiting.await("the outcome on " + node.id())
          .until(() -> restore(node).path("outcome").asString("").equals("nothing-there"));
    }
    assertThat(nodes.downloads()).containsExactly(0L, 0L, 0L);
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
    assertThat(nodes.downloads()).containsExactly(0L, 0L, 0L);
  }

  private void keepsTheDataOnDiskWhateverTheStoreHolds() throws IOException {
    cluster.awaitBackup();
    String before = cluster.dump();
    cluster.kill();
    nodes.put(BackupObject.plain(folder).gzip());
    nodes.everyWay(FaultyS3::forgetRequests);

    cluster.startAndAwaitReady();

    assertThat(cluster.dump()).isEqualTo(before);
    Waiting.await("the leader to see that two clusters share the target")
        .until(() ->
            LiferaftProcess.leaders(cluster.nodes())
                .anyMatch(
                    leader -> leader.client().get("/actuator/backup").body().contains("STOPPED")));
    cluster.nodes().forEach(node -> assertThat(node.client().ready()).isTrue());
    S3Traffic traffic = nodes.traffic();
    assertThat(traffic.uploads()).as("uploads among %s", traffic.requests().get()).isZero();
    assertThat(traffic.downloads()).as("downloads among %s", traffic.requests().get()).isZero();
  }

  @Test
  void theNextLeaderFinishesWhatAKilledOneBegan() throws Exception {
    BackupObject good = BackupObject.plain(folder).gzip();
    nodes.put(good);
    nodes.everyWay(way -> way.when("GET").key(KEY).holdAnswerAt(good.bytes().length / 4));
    try (StartWatch watch = BackupObject.watch(cluster.nodes(), BackupObject.ROWS)) {
      cluster.start();
      LiferaftProcess leader = nodes.awaitFormed();
      Waiting.await("the leader is in the middle of its download")
          .until(() -> restore(leader).path("bytes").asLong() > 0);
      assertThat(state(leader)).as("seen over HTTP").isEqualTo("downloading");
      cluster.nodes().forEach(node -> assertThat(node.client().live()).isTrue());
      nodes.nobodyAskedWhoNeverLed();

      leader.kill();
      nodes.everyWay(FaultyS3::heal);
      nodes.others(leader).forEach(NodeCluster::awaitReady);
      leader.start();
      nodes.isRestored(BackupObject.ROWS);

      watch.assertClean();
      assertThat(nodes.way(leader).count("GET", KEY)).as("by the killed leader").isPositive();
      assertThat(nodes.downloads().stream().filter(n -> n > 0))
          .as("by who led")
          .hasSizeBetween(2, 3);
      nodes.nobodyAskedWhoNeverLed();
    }
  }

  @Test
  void leadersKilledInTheLoadAndRightAfterItsCommit() throws Exception {
    BackupObject big = BackupObject.big(folder, BIG_BYTES);
    nodes.put(big);
    try (StartWatch watch =
        new StartWatch(
            cluster.nodes(),
            "SELECT count(*) > 1000 FROM big",
            "[[1]]",
            "INSERT INTO big (id) VALUES (1)",
            BackupObject.REFUSED)) {
      cluster.start();
      LiferaftProcess first = nodes.awaitFormed();
      // Whoever leads next is to wait in its download until the first is back.
      nodes
          .others(first)
          .forEach(node -> nodes.way(node).when("GET").key(KEY).holdAnswerAt(1 << 20));
      Waiting.await("the first leader is in the middle of the load")
          .pollInterval(Duration.ofMillis(5))
          .until(() -> {
            JsonNode now = restore(first);
            return now.path("state").asString("").equals("loading")
                && now.path("bytes").asLong() > 0;
          });
      first.kill();
      assertThat(first.logText()).doesNotContain("Loading the database: 100 %");

      LiferaftProcess second = awaitDownloading(nodes.others(first));
      first.start();
      Waiting.await("the first is back").until(() -> state(first).equals("following"));
      nodes.everyWay(FaultyS3::heal);
      Waiting.await("the commit of the load in the log of a follower")
          .pollInterval(Duration.ofMillis(1))
          .until(() -> nodes.others(second).stream().anyMatch(this::logNamesTheBackup));
      second.kill();
      assertThat(second.logText()).as("killed before it could answer").doesNotContain("Restored");

      nodes.others(second).forEach(NodeCluster::awaitReady);
      second.start();
      cluster.awaitReady();
      assertThat(cluster.dump()).isNotEmpty();
      cluster.awaitIdleRounds(2);
      watch.assertClean();
      assertThat(nodes.traffic().uploads()).isZero();
      LiferaftProcess third =
          nodes.others(first).stream().filter(node -> node != second).findFirst().orElseThrow();
      assertThat(nodes.way(third).count("GET", KEY)).as("by who finished it").isZero();
      assertThat(nodes.downloads().stream().filter(n -> n > 0)).as("by who led").hasSize(2);
    }
  }

  private static LiferaftProcess awaitDownloading(List<LiferaftProcess> candidates) {
    return Waiting.await("the next leader downloads")
        .until(
            () ->
                candidates.stream()
                    .filter(node -> state(node).equals("downloading"))
                    .findFirst()
                    .orElse(null),
            node -> node != null);
  }

  /** Of all entries only the commit of the restore's load tells the object's etag. */
  private boolean logNamesTheBackup(LiferaftProcess node) {
    String etag = nodes.etag();
    try (Stream<Path> files = Files.walk(node.dataDir().resolve("raft"))) {
      for (Path file : files.filter(f -> f.toString().contains("log_inprogress_")).toList()) {
        if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(etag)) {
          return true;
        }
      }
    } catch (IOException | UncheckedIOException e) {
      // Segments are closed and purged meanwhile.
    }
    return false;
  }

  /** At 1 KB/s over a connection that breaks: longer than any limit of a request. */
  @Test
  void allKilledInTheDownloadHoldWhileTheStoreIsDownAndGoOnSlowlyWhenItIsBack() throws Exception {
    BackupObject small = BackupObject.plain(folder, SMALL_ROWS).gzip();
    nodes.put(small);
    nodes.everyWay(way -> way.when("GET").key(KEY).holdAnswerAt(2048));
    cluster.with("liferaft.objectstore.s3.call-timeout=2s");
    try (StartWatch watch = BackupObject.watch(cluster.nodes(), SMALL_ROWS)) {
      cluster.start();
      LiferaftProcess before = nodes.awaitFormed();
      Waiting.await("the leader is in the middle of its download")
          .until(() -> restore(before).path("bytes").asLong() == 2048);
      cluster.kill();
      nodes.everyWay(FaultyS3::stop);
      nodes.everyWay(FaultyS3::heal);
      nodes.everyWay(FaultyS3::forgetRequests);

      cluster.start();
      LiferaftProcess leader = nodes.awaitHeld("cannot be reached");
      watch.assertHeld();
      long cut = small.bytes().length / 3 + 1L;
      nodes.everyWay(way -> way.when("GET").key(KEY).slow(1024, cut));
      nodes.everyWay(FaultyS3::start);
      nodes.isRestored(SMALL_ROWS);

      watch.assertClean();
      long at = leader == before ? 2048 : 0;
      for (FaultyS3.Served part : nodes.served()) {
        assertThat(part.range()).isEqualTo(at == 0 ? "" : "bytes=" + at + "-");
        at += part.bytes().get();
      }
      assertThat(at).as("bytes served, none twice").isEqualTo(small.bytes().length);
      assertThat(nodes.served()).hasSizeBetween(2, 4);
      assertThat(nodes.downloads().stream().filter(n -> n > 0)).as("by who led").hasSize(1);
    }
  }
}
