package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Whatever is sent, through whichever node, all nodes hold the same rows afterwards. */
@Execution(ExecutionMode.CONCURRENT)
class EqualContentsTests {

  private static final String[] SCHEMA = {
    "CREATE TABLE a(id INTEGER PRIMARY KEY, r INTEGER DEFAULT (random()), b BLOB DEFAULT (randomblob(5)), t TEXT DEFAULT CURRENT_TIMESTAMP, d TEXT DEFAULT (date('now')), n INTEGER)",
    "CREATE TABLE log(what TEXT, at TEXT, noise INTEGER, blob BLOB)",
    "CREATE TABLE u(k INTEGER UNIQUE, v REAL CHECK (v < 1e9))",
    "CREATE TRIGGER ai AFTER INSERT ON a BEGIN INSERT INTO log VALUES('+' || new.id, datetime('now'), random(), randomblob(3)); END",
    "CREATE TRIGGER au AFTER UPDATE ON a BEGIN INSERT INTO log VALUES('~' || new.id, CURRENT_TIME, random() % 100, NULL); END",
    "CREATE TRIGGER ad AFTER DELETE ON a WHEN old.id % 5 = 0 BEGIN SELECT RAISE(FAIL, 'not this one'); END",
  };
  private static final int THREADS = 24;
  private static final int REQUESTS = 60;
  private static final int STATEMENTS_A_REQUEST = 7;

  @TempDir Path folder;

  @Test
  void afterTenThousandMixedStatementsThroughAllNodes() throws Exception {
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(500).startAll()) {
      cluster.node(1).execute(SCHEMA);

      try (ExecutorService clients = Executors.newFixedThreadPool(THREADS)) {
        List<Future<Integer>> sent = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
          int number = thread;
          sent.add(clients.submit(() -> send(cluster.node(number % 3 + 1), number)));
        }
        int statements = 0;
        for (Future<Integer> each : sent) {
          statements += each.get();
        }
        assertThat(statements).isGreaterThanOrEqualTo(10_000);
      }

      cluster.assertEqualContents();
      TestCluster.Node leader = cluster.awaitLeader();
      assertThat(Long.parseLong(leader.local("SELECT count(DISTINCT r) FROM a")))
          .isGreaterThan(1000);
      assertThat(Long.parseLong(leader.local("SELECT count(DISTINCT noise) FROM log")))
          .isGreaterThan(1000);
      assertThat(leader.raft().status().lastLogIndex())
          .as("requests travelled together")
          .isLessThan(THREADS * REQUESTS);
    }
  }

  private static int send(TestCluster.Node node, int seed) {
    Random random = new Random(seed);
    int sent = 0;
    for (int i = 0; i < REQUESTS; i++) {
      List<SqlStatement> statements = new ArrayList<>();
      for (int s = 0; s < STATEMENTS_A_REQUEST; s++) {
        statements.add(statement(random));
      }
      SqlReply _ =
          node.raft()
              .execute(TestCluster.request(ReadLevel.WEAK, random.nextInt(4) == 0, statements));
      sent += statements.size();
    }
    return sent;
  }

  private static SqlStatement statement(Random random) {
    int key = random.nextInt(2000);
    return switch (random.nextInt(14)) {
      case 0, 1, 2, 3 ->
          new SqlStatement(
              "INSERT INTO a(n) VALUES(?)", List.of(new SqlParameter(null, (long) key)));
      case 4 -> SqlStatement.of("INSERT INTO a(r, n) SELECT random(), random() FROM a LIMIT 3");
      case 5 -> SqlStatement.of("UPDATE a SET n = random(), t = datetime('now') WHERE id = " + key);
      case 6 -> SqlStatement.of("DELETE FROM a WHERE id % 97 = " + key % 97 + " AND id > 50");
      case 7 -> SqlStatement.of("INSERT OR REPLACE INTO u VALUES(" + key % 50 + ", julianday())");
      case 8 -> SqlStatement.of("INSERT OR ROLLBACK INTO u VALUES(" + key % 50 + ", 2e9)");
      case 9 -> SqlStatement.of("INSERT INTO u VALUES(" + key % 50 + ", abs(random()) % 9)");
      case 10 -> SqlStatement.of("UPDATE u SET v = random() / 1e11 WHERE k = random() % 50");
      case 11 ->
          SqlStatement.of("INSERT INTO log(what) SELECT hex(randomblob(4)) ORDER BY random()");
      case 12 -> SqlStatement.of("BEGIN; INSERT INTO log(what) VALUES(strftime('%s')); COMMIT");
      default -> SqlStatement.of("INSERT INTO nowhere VALUES(1)");
    };
  }

  @Test
  void aRunawayStatementEndsAtTheSameStepEverywhere() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node node = cluster.follower();
      node.execute("CREATE TABLE t(n)", "INSERT INTO t VALUES(1)");
      SqlRequest runaway =
          new SqlRequest(
              List.of(
                  SqlStatement.of(
                      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) INSERT INTO t SELECT n FROM c"),
                  SqlStatement.of("INSERT INTO t VALUES(random())")),
              io.liferaft.sqlite.SqlForm.EXECUTE,
              false,
              ReadLevel.WEAK,
              null,
              false,
              TestCluster.TIMEOUT,
              Duration.ofSeconds(1),
              Duration.ofMillis(100));

      SqlReply reply = node.raft().execute(runaway);

      assertThat(reply.results().getFirst())
          .isInstanceOfSatisfying(
              SqlResult.Failed.class,
              failed -> assertThat(failed.message()).isEqualTo("execute timeout"));
      assertThat(reply.results().getLast()).isInstanceOf(SqlResult.Write.class);
      node.execute("INSERT INTO t VALUES(3)");
      cluster.assertEqualContents();
      assertThat(cluster.nodes())
          .allMatch(each -> each.local("SELECT count(*) FROM t").equals("3"));
    }
  }
}
