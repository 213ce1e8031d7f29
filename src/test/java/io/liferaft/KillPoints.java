package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Dump;
import io.liferaft.support.KilledAtStep;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Real processes that end themselves before a step, and what must be true when they start again.
 */
abstract class KillPoints {

  private static final int LOADED = 3;
  private static final String[] SCHEMA = {
    "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER, noise DEFAULT (random()))",
    "CREATE TABLE c(n INTEGER)",
    "INSERT INTO c VALUES(0)"
  };
  private static final String SUMMARY =
      "SELECT count(*), count(DISTINCT n), sum(n), max(id), count(DISTINCT noise), (SELECT n FROM c) FROM t";

  @TempDir Path folder;

  private int made;

  static Path order(LiferaftProcess node) {
    return node.dataDir().resolveSibling("kill-order");
  }

  static LiferaftProcess killable(LiferaftProcess node) {
    return node.running(KilledAtStep.class, "-D%s=%s".formatted(KilledAtStep.ORDER, order(node)));
  }

  private static void arm(LiferaftProcess node, int step) throws IOException {
    Files.createDirectories(order(node).getParent());
    Files.writeString(order(node), String.valueOf(step));
  }

  /** Before which steps it has died so far, one a line. */
  static String deaths(LiferaftProcess node) throws IOException {
    Path file = KilledAtStep.death(order(node));
    return Files.exists(file) ? Files.readString(file) : "";
  }

  private static boolean endsOr(LiferaftProcess node, Runnable work) throws IOException {
    work.run();
    Waiting.await(node.id() + " has died, or it serves")
        .until(() -> !node.alive() || node.client().ready());
    // Who dies takes the order with it; whoever has it taken away does not die any more.
    boolean died = !Files.deleteIfExists(order(node));
    if (died) {
      Waiting.await(node.id() + " has died").until(() -> !node.alive());
    }
    return died;
  }

  void begin(LiferaftProcess node) {
    made = 0;
    JsonNode _ = node.client().execute(SCHEMA);
  }

  private static String[] write(int number) {
    return new String[] {"INSERT INTO t(n) VALUES(%d)".formatted(number), "UPDATE c SET n = n + 1"};
  }

  void write(LiferaftProcess node) {
    JsonNode _ = node.client().execute(write(++made));
  }

  void verify(LiferaftProcess node) {
    assertThat(node.client().query("strong", SUMMARY))
        .isEqualTo("[[%1$d,%1$d,%2$d,%1$d,%1$d,%1$d]]".formatted(made, made * (made + 1) / 2));
  }

  // --- a lone node ---

  /** The first start of a folder. */
  boolean founding(int step) throws IOException {
    try (LiferaftProcess node = killable(new LiferaftProcess("n1", folder.resolve("f" + step)))) {
      arm(node, step);
      boolean died = endsOr(node, node::start);
      if (died) {
        node.start();
      }
      NodeCluster.awaitReady(node);
      begin(node);
      write(node);
      verify(node);
      return died;
    }
  }

  boolean checkpoint(LiferaftProcess node, int step) throws IOException {
    write(node);
    String dump = Dump.sha256(node.client());
    arm(node, step);
    boolean died = endsOr(node, () -> node.client().get("/db/backup"));
    again(node, died);
    assertThat(Dump.sha256(node.client())).isEqualTo(dump);
    write(node);
    verify(node);
    return died;
  }

  boolean load(LiferaftProcess node, int step) throws IOException, SQLException {
    Path file = database(folder.resolve("load-" + step));
    write(node);
    String before = node.client().query("strong", SUMMARY);
    arm(node, step);
    boolean died =
        endsOr(
            node,
            () -> {
              try {
                node.client().load(file);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    again(node, died);
    if (!died || !node.client().query("strong", SUMMARY).equals(before)) {
      made = LOADED;
    }
    verify(node);
    write(node);
    verify(node);
    return died;
  }

  private static void again(LiferaftProcess node, boolean died) {
    if (died) {
      node.start();
    }
    NodeCluster.awaitReady(node);
  }

  private static Path database(Path file) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      for (String sql : SCHEMA) {
        statement.executeUpdate(sql);
      }
      for (int number = 1; number <= LOADED; number++) {
        for (String sql : write(number)) {
          statement.executeUpdate(sql);
        }
      }
    }
    return file;
  }

  // --- one of three ---

  /** A node that was away, or has lost its disk, comes to a cluster whose log is cut. */
  boolean comesBack(NodeCluster cluster, boolean disk, int... steps) throws IOException {
    LiferaftProcess leader = cluster.awaitLeader();
    LiferaftProcess node =
        cluster.nodes().stream().filter(each -> each != leader).findFirst().orElseThrow();
    node.kill();
    cutLog(cluster);
    if (!disk) {
      node.wipe();
    }
    int deaths = 0;
    for (int step : steps) {
      node.kill();
      arm(node, step);
      if (endsOr(node, node::start)) {
        deaths++;
        write(cluster.awaitLeader());
      }
    }
    again(node, !node.alive());
    cluster.awaitReady();
    write(cluster.awaitLeader());
    verify(cluster.awaitLeader());
    assertThat(cluster.dump()).isNotEmpty();
    return deaths > 0;
  }

  /** A checkpoint every few entries; a change of leader closes a segment, so that it can go. */
  private void cutLog(NodeCluster cluster) {
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 6; i++) {
        write(cluster.awaitLeader());
      }
      LiferaftProcess leader = cluster.awaitLeader();
      LiferaftProcess other =
          cluster.nodes().stream()
              .filter(each -> each != leader && each.alive())
              .findFirst()
              .orElseThrow();
      cluster.transferLeadership(other);
    }
    for (int i = 0; i < 6; i++) {
      write(cluster.awaitLeader());
    }
  }
}
