package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.StartWatch;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The whole promise with three processes and an S3 server of whatever make: back up, lose every
 * disk, come back.
 */
final class MainScenario implements AutoCloseable {

  static final String BUCKET = "backups";
  static final String KEY = "main/liferaft.sqlite.gz";

  private static final int TABLES = 30;
  private static final int ROWS_PER_TABLE = 3_400;

  private final Path folder;
  private final NodeCluster cluster;
  private final S3Traffic traffic;

  /**
   * @param settings that let nodes reach the store, as key=value
   * @param traffic what has reached the store about {@link #KEY}
   */
  MainScenario(Path folder, List<String> settings, S3Traffic traffic) {
    this.folder = folder;
    this.traffic = traffic;
    this.cluster =
        new NodeCluster(folder, 3, settings)
            .with("liferaft.backup.target=s3://" + BUCKET + "/" + KEY)
            .with("liferaft.backup.interval=1s");
  }

  void run() throws IOException {
    cluster.startAndAwaitReady();
    assertThat(traffic.downloads()).as("downloads from an empty bucket").isZero();

    loadAndWrite();
    cluster.awaitBackup();
    assertThat(traffic.uploads()).isPositive();

    uploadsNothingAfterRestartAndLeaderChange();

    String before = cluster.dump();
    cluster.kill();
    cluster.wipe();
    restoresOnce(before);

    uploadsOnceAfterTheNextWrite();
  }

  private void loadAndWrite() throws IOException {
    Path file = folder.resolve("generated.sqlite");
    GeneratedDatabase.write(file, TABLES, ROWS_PER_TABLE);
    RqliteClient.Answer loaded = cluster.node(1).client().load(file);
    assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
    for (LiferaftProcess node : cluster.nodes()) {
      node.client()
          .execute(
              "INSERT INTO t1 (name, amount, data) VALUES ('after the load', random(), randomblob(8))",
              "UPDATE t2 SET note = CURRENT_TIMESTAMP WHERE id % 100 = 0",
              "DELETE FROM t3 WHERE id = (SELECT max(id) FROM t3)");
    }
  }

  private void uploadsNothingAfterRestartAndLeaderChange() {
    cluster.awaitIdleRounds(2);
    long uploads = traffic.uploads();
    LiferaftProcess leader = cluster.awaitLeader();
    LiferaftProcess follower =
        cluster.nodes().stream().filter(node -> node != leader).findFirst().orElseThrow();

    follower.stop();
    NodeCluster.awaitReady(follower.start());
    cluster.awaitIdleRounds(3);
    cluster.transferLeadership(follower);
    cluster.awaitIdleRounds(3);

    assertThat(traffic.uploads()).as("uploads after restart and leader change").isEqualTo(uploads);
    assertThat(traffic.downloads()).as("downloads by a node that has data").isZero();
  }

  private void restoresOnce(String before) {
    long uploads = traffic.uploads();
    try (StartWatch watch =
        new StartWatch(
            cluster.nodes(),
            "SELECT count(*) FROM t0",
            "[[" + ROWS_PER_TABLE + "]]",
            "INSERT INTO t0 (id, name) VALUES (1, 'there already')",
            "UNIQUE constraint failed")) {
      cluster.startAndAwaitReady();
      int answered = watch.answered();
      Waiting.await("answers with the data").until(() -> watch.answered() > answered + 12);
      watch.assertClean();
    }
    assertThat(traffic.downloads()).as("downloads by three nodes").isOne();
    assertThat(cluster.dump()).isEqualTo(before);
    cluster.awaitIdleRounds(3);
    assertThat(traffic.uploads()).as("uploads after the restore").isEqualTo(uploads);
  }

  private void uploadsOnceAfterTheNextWrite() {
    long uploads = traffic.uploads();

    cluster.node(2).client().execute("INSERT INTO t0 (name) VALUES ('the next write')");
    cluster.awaitBackup();
    cluster.awaitIdleRounds(3);

    assertThat(traffic.uploads()).as("uploads after one write").isEqualTo(uploads + 1);
  }

  @Override
  public void close() {
    cluster.close();
  }
}
