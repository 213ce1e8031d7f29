package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** A lone node that backs up to a bucket and to a directory, and loses one, then its disk. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("SecondTargetIT")
class SecondTargetIT {

  private static final String BUCKET = "backups";
  private static final String OBJECT = "s3://backups/liferaft.sqlite.gz";

  @TempDir private Path folder;

  private S3Server server;
  private FaultyS3 way;
  private S3Client s3;
  private NodeCluster cluster;

  @BeforeEach
  void makeNode() {
    server = S3Server.start(BUCKET);
    way = FaultyS3.inFrontOf(server);
    s3 = server.client();
    cluster =
        new NodeCluster(folder, 1, server.nodeSettings(way.endpoint()))
            .with("liferaft.backup.interval=1s");
  }

  @AfterEach
  void close() {
    cluster.close();
    s3.close();
    way.close();
    server.close();
  }

  @Test
  void eachGoesOnWithoutTheOtherAndTheSecondRestoresWhenTheFirstIsGone() throws Exception {
    Path directory = folder.resolve("second");
    cluster
        .with("liferaft.backup.target=" + OBJECT)
        .with("liferaft.backup.second-target=file:" + directory + "/")
        .startAndAwaitReady();
    client().execute("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)");
    awaitBackedUp("liferaft_backup_");
    awaitBackedUp("liferaft_backup_second_");

    goesOnWhileTheFirstHangs();
    goesOnWithoutTheFirst();
    goesOnWithoutTheSecond(directory);

    way.stop();
    cluster.kill();
    cluster.wipe();
    cluster.startAndAwaitReady();

    assertThat(client().query("strong", "SELECT count(*) FROM t")).isEqualTo("[[3]]");
    isLoud(directory);
    keepsWhatTheFirstHolds();
  }

  /** Its copy of the database keeps newer ones waiting, until it is moved. */
  private void goesOnWhileTheFirstHangs() {
    FaultyS3.Held held = way.when("PUT").times(1).hold();
    client().execute("CREATE TABLE u (id INTEGER PRIMARY KEY)");
    Waiting.await("the upload hangs").until(held::reached);
    client().execute("INSERT INTO u VALUES (1)");

    awaitBackedUp("liferaft_backup_second_");
    assertThat(client().metric("liferaft_backup_change_lag")).isPositive();
    assertThat(backup().path("state").asString()).isEqualTo("RUNNING");

    held.release();
    awaitBackedUp("liferaft_backup_");
  }

  private void goesOnWithoutTheFirst() {
    way.stop();
    client().execute("INSERT INTO t VALUES (2)");

    awaitBackedUp("liferaft_backup_second_");
    Waiting.await("trouble of the first").until(() -> backup().path("failuresInARow").asInt() > 0);
    assertThat(client().metric("liferaft_backup_change_lag")).isPositive();
    assertThat(backup().path("second").path("state").asString()).isEqualTo("WAITING");
    assertThat(backup().path("second").path("failuresInARow").asInt()).isZero();

    way.start();
    awaitBackedUp("liferaft_backup_");
  }

  private void goesOnWithoutTheSecond(Path directory) throws Exception {
    Path away = folder.resolve("away");
    Files.move(directory, away);
    Files.writeString(directory, "no directory");
    client().execute("INSERT INTO t VALUES (3)");

    awaitBackedUp("liferaft_backup_");
    Waiting.await("trouble of the second")
        .until(() -> backup().path("second").path("failuresInARow").asInt() > 0);
    assertThat(client().metric("liferaft_backup_second_change_lag")).isPositive();
    assertThat(backup().path("failuresInARow").asInt()).isZero();
    JsonNode health = client().get("/actuator/health").json().path("components").path("backup");
    assertThat(health.path("status").asString()).isEqualTo("DEGRADED");
    assertThat(health.path("details").path("secondProblem").asString()).isNotEmpty();

    Files.delete(directory);
    Files.move(away, directory);
    awaitBackedUp("liferaft_backup_second_");
  }

  private void isLoud(Path directory) {
    assertThat(cluster.node(0).logText())
        .contains(OBJECT + " has failed 3 times in a row")
        .contains("This cluster was restored from the second target file:" + directory + "/");
    String told = client().get("/actuator/restore").json().path("second").asString();
    assertThat(told).contains(OBJECT).contains(directory.toString());
    JsonNode health = client().get("/actuator/health").json().path("components").path("restore");
    assertThat(health.path("details").path("second").asString()).isEqualTo(told);
    assertThat(client().metric("liferaft_restore_second_total{result=\"restored\"}")).isEqualTo(1);
  }

  private void keepsWhatTheFirstHolds() {
    way.start();
    client().execute("INSERT INTO t VALUES (4)");

    awaitBackedUp("liferaft_backup_");
    awaitBackedUp("liferaft_backup_second_");
    assertThat(s3.listObjectsV2(b -> b.bucket(BUCKET)).contents())
        .extracting(S3Object::key)
        .filteredOn(key -> key.contains(".preserved-"))
        .hasSize(1);
  }

  @Test
  void anEmptyFirstFoundsNothingWhileTheSecondCannotBeAsked() throws Exception {
    way.stop();
    Path directory = Files.createDirectory(folder.resolve("first"));
    cluster
        .with("liferaft.backup.target=file:" + directory + "/")
        .with("liferaft.backup.second-target=" + OBJECT)
        .start();

    Waiting.await("several failures")
        .failFast("the node has ended", () -> !cluster.node(0).alive())
        .until(() -> restore().path("attempts").asInt() >= 4);

    assertThat(restore().path("lastFailure").asString())
        .contains(OBJECT)
        .contains("cannot be reached");
    assertThat(client().live()).isTrue();
    assertThat(client().ready()).isFalse();

    way.start();
    cluster.awaitReady();
    Waiting.await("both have answered")
        .until(() -> restore().path("outcome").asString("").equals("nothing-there"));
  }

  private RqliteClient client() {
    return cluster.node(0).client();
  }

  private JsonNode backup() {
    return client().get("/actuator/backup").json();
  }

  private JsonNode restore() {
    return RestoreCluster.restore(cluster.node(0));
  }

  private void awaitBackedUp(String prefix) {
    Waiting.await(prefix + " has everything")
        .until(() ->
            client().metric(prefix + "age_seconds") >= 0
                && client().metric(prefix + "change_lag") == 0);
  }
}
