package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import tools.jackson.databind.JsonNode;

/**
 * What may be wrong with the place of the backups, seen by lone nodes: it is told at every place,
 * it costs no backup that was good, and service goes on.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("BackupTargetIT")
class BackupTargetIT {

  private static final String BUCKET = "backups";
  private static final String KEY = "liferaft.sqlite";
  private static final int PAGE_BYTES = 4096;
  private static final Duration ON_STOP = Duration.ofSeconds(2);

  @TempDir private Path folder;

  private S3Server server;
  private FaultyS3 proxy;
  private S3Client s3;

  @BeforeEach
  void startStore() {
    server = S3Server.start(BUCKET);
    proxy = FaultyS3.inFrontOf(server);
    s3 = server.client();
  }

  @AfterEach
  void stopStore() {
    s3.close();
    proxy.close();
    server.close();
  }

  private LiferaftProcess node(String id) {
    LiferaftProcess node = new LiferaftProcess(id, folder.resolve(id));
    for (String setting : server.nodeSettings(proxy.endpoint())) {
      int equals = setting.indexOf('=');
      node.with(setting.substring(0, equals), setting.substring(equals + 1));
    }
    return node.with("liferaft.backup.target", "s3://" + BUCKET + "/" + KEY)
        .with("liferaft.backup.interval", "1s")
        .with("liferaft.backup.compress", "false")
        .with("liferaft.backup.on-stop-timeout", ON_STOP.toSeconds() + "s");
  }

  @Test
  void twoClustersThatStartTogetherOnOneTargetLoseNothing() throws Exception {
    try (LiferaftProcess a = node("a");
        LiferaftProcess b = node("b")) {
      List<LiferaftProcess> both = List.of(a.start(), b.start());
      both.forEach(NodeCluster::awaitReady);
      both.forEach(node -> create(node));
      LiferaftProcess stopped = whoStops(both);
      LiferaftProcess winner = stopped == a ? b : a;

      toldAsShared(stopped);
      assertThat(owner(KEY)).as("the object").isEqualTo(winner.id());
      assertThat(preserved()).as("kept once").hasSize(1);
      assertThat(owner(preserved().getFirst())).as("what was kept").isEqualTo(stopped.id());

      both.forEach(node -> write(node));
      awaitBackup(winner);
      assertThat(owner(KEY)).isEqualTo(winner.id());
      assertThat(rows(KEY)).isEqualTo("2");
      assertThat(preserved()).as("kept once").hasSize(1);
      assertThat(warnings(winner, "share the target")).isZero();

      RqliteClient.Answer decided = stopped.client().post("/actuator/backup", "{}");

      assertThat(decided.status()).as(decided.body()).isEqualTo(200);
      assertThat(owner(KEY)).as("the object").isEqualTo(stopped.id());
      assertThat(rows(KEY)).isEqualTo("2");
      assertThat(preserved()).extracting(this::owner).containsExactlyInAnyOrder("a", "b");
      write(winner);
      Waiting.await("the other cluster stops")
          .until(() -> in("STOPPED", both).toList().size() == 1);
      toldAsShared(winner);
      write(stopped);
      awaitBackup(stopped);
      assertThat(owner(KEY)).as("the object").isEqualTo(stopped.id());
      assertThat(rows(KEY)).isEqualTo("3");
      assertThat(preserved()).hasSize(2);
    }
  }

  /**
   * The first to make a backup finds the second one's in its place: a moment later, or, if that
   * came late, when it has something to write again or after some minutes.
   */
  private LiferaftProcess whoStops(List<LiferaftProcess> both) {
    return Waiting.await("one of two clusters stops")
        .until(
            () -> {
              List<LiferaftProcess> stopped = in("STOPPED", both).toList();
              if (stopped.isEmpty()) {
                both.stream().filter(this::replaced).forEach(BackupTargetIT::writeElsewhere);
              }
              return stopped;
            },
            list -> list.size() == 1)
        .getFirst();
  }

  /** Whether a backup that it has made is not the object any more. */
  private boolean replaced(LiferaftProcess node) {
    return age(node) >= 0 && !owner(KEY).equals(node.id());
  }

  private void toldAsShared(LiferaftProcess node) {
    assertThat(problem(node)).contains("two live clusters share the target");
    assertThat(node.client().metric("liferaft_backup_stopped")).isEqualTo(1);
    assertThat(warnings(node, "two live clusters share the target")).isEqualTo(1);
    degradedOnly(node);
  }

  @Test
  void aStoreThatIsDownOrDeniesCostsNothingButBackups() throws Exception {
    try (LiferaftProcess node = node("a")) {
      NodeCluster.awaitReady(node.start());
      create(node);
      awaitBackup(node);

      proxy.stop();
      write(node);
      double age = age(node);
      Waiting.await("several attempts").until(() -> failures(node) > 2);
      assertThat(problem(node)).contains("s3://" + BUCKET + "/" + KEY, "Connection refused");
      assertThat(warnings(node, "Backup failed")).as("warnings of one cause").isEqualTo(1);
      assertThat(age(node)).isGreaterThan(age);
      assertThat(node.client().metric("liferaft_backup_change_lag")).isPositive();
      degradedOnly(node);
      write(node);

      proxy.when("PUT").answer(403, "AccessDenied");
      proxy.start();
      Waiting.await("the other cause").until(() -> problem(node).contains("access denied"));
      assertThat(warnings(node, "Backup failed")).as("warnings of two causes").isEqualTo(2);
      degradedOnly(node);

      proxy.heal();
      awaitBackup(node);
      assertThat(problem(node)).isEmpty();
      assertThat(rows(KEY)).isEqualTo("3");
      assertThat(node.logText()).contains("Backups succeed again after");
      assertThat(component(node)).isEqualTo("UP");

      damagedOnDisk(node);

      proxy.when("*").delay(Duration.ofMinutes(5));
      long before = System.nanoTime();
      node.stop();
      assertThat(Duration.ofNanos(System.nanoTime() - before))
          .as("time to stop although the store does not answer")
          .isLessThan(ON_STOP.plusSeconds(15));
    }
  }

  /** rqlite uploads what its disk has damaged over its only good backup. */
  private void damagedOnDisk(LiferaftProcess node) throws IOException {
    node.client()
        .execute(
            "CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) SELECT i, randomblob(200) AS data FROM n");
    awaitBackup(node);
    String good = etag();
    Path file;
    try (Stream<Path> files = Files.list(node.dataDir())) {
      file = files.filter(f -> f.toString().endsWith(".sqlite")).findFirst().orElseThrow();
    }
    byte[] wrong = new byte[PAGE_BYTES];
    Arrays.fill(wrong, (byte) 0xff);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long page = channel.size() / PAGE_BYTES / 2;
      assertThat(channel.write(ByteBuffer.wrap(wrong), page * PAGE_BYTES)).isEqualTo(PAGE_BYTES);
    }

    write(node);

    Waiting.await("the damage is told").until(() -> problem(node).contains("is damaged"));
    Waiting.await("several attempts").until(() -> failures(node) > 1);
    assertThat(etag()).as("the last good backup").isEqualTo(good);
    assertThat(warnings(node, "is damaged")).isEqualTo(1);
    degradedOnly(node);
    write(node);
  }

  /** The health of the backup says it, and nothing else. */
  private static void degradedOnly(LiferaftProcess node) {
    assertThat(component(node)).isEqualTo("DEGRADED");
    assertThat(node.client().get("/actuator/health").status()).isEqualTo(200);
    assertThat(node.client().get("/actuator/health/readiness").status()).isEqualTo(200);
    assertThat(node.client().ready()).isTrue();
    assertThat(node.client().live()).isTrue();
  }

  private static String component(LiferaftProcess node) {
    return node.client()
        .get("/actuator/health")
        .json()
        .path("components")
        .path("backup")
        .path("status")
        .asString();
  }

  private static void create(LiferaftProcess node) {
    var _ = node.client().execute("CREATE TABLE t (owner TEXT)");
    write(node);
  }

  private static void write(LiferaftProcess node) {
    var _ = node.client().execute("INSERT INTO t VALUES ('" + node.id() + "')");
  }

  /** Something to back up, and nothing in the table that is counted. */
  private static void writeElsewhere(LiferaftProcess node) {
    var _ =
        node.client().execute("CREATE TABLE IF NOT EXISTS more (x)", "INSERT INTO more VALUES (1)");
  }

  private static JsonNode status(LiferaftProcess node) {
    return node.client().get("/actuator/backup").json();
  }

  private static String problem(LiferaftProcess node) {
    return status(node).path("problem").asString();
  }

  private static int failures(LiferaftProcess node) {
    return status(node).path("failuresInARow").asInt();
  }

  private static double age(LiferaftProcess node) {
    return node.client().metric("liferaft_backup_age_seconds");
  }

  private static Stream<LiferaftProcess> in(String state, List<LiferaftProcess> nodes) {
    return nodes.stream().filter(node -> status(node).path("state").asString().equals(state));
  }

  private static void awaitBackup(LiferaftProcess node) {
    Waiting.await("a backup by " + node.id())
        .until(() -> node.client().metric("liferaft_backup_change_lag") == 0 && age(node) >= 0);
  }

  private static long warnings(LiferaftProcess node, String text) {
    return node.logText()
        .lines()
        .filter(line -> line.contains(" WARN ") && line.contains(text))
        .count();
  }

  private String etag() {
    return s3.headObject(b -> b.bucket(BUCKET).key(KEY)).eTag();
  }

  private List<String> preserved() {
    return s3.listObjectsV2(b -> b.bucket(BUCKET)).contents().stream()
        .map(S3Object::key)
        .filter(key -> !key.equals(KEY))
        .toList();
  }

  /** The node that wrote all rows of an object. */
  private String owner(String key) {
    return open(key).value("SELECT group_concat(DISTINCT owner) FROM t");
  }

  private String rows(String key) {
    return open(key).value("SELECT count(*) FROM t");
  }

  private SqliteFile open(String key) {
    try {
      return SqliteFile.of(s3, BUCKET, key, folder);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
