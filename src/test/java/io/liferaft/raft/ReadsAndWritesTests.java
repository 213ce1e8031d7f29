package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** How reads and writes find the leader, and what they say when there is none or it changes. */
@Execution(ExecutionMode.CONCURRENT)
class ReadsAndWritesTests {

  @TempDir Path folder;

  @Test
  void readsAtEveryLevelFromEveryNode() {
    // A follower that is slower than this has the leader read.
    try (TestCluster cluster =
        TestCluster.of(folder, 3).withElection(Duration.ofSeconds(3)).startAll()) {
      TestCluster.Node leader = cluster.awaitLeader();
      SqlReply written = cluster.follower().execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      assertThat(written.servedBy()).isEqualTo(leader.address());
      assertThat(written.raftIndex()).isPositive();
      cluster.assertEqualContents();
      for (TestCluster.Node node : cluster.nodes()) {
        for (ReadLevel level : ReadLevel.values()) {
          SqlReply reply = node.raft().query(TestCluster.request(level, false, "SELECT x FROM t"));

          assertThat(reply.error()).isNull();
          assertThat(reply.results().getFirst()).isInstanceOf(SqlResult.Rows.class);
          assertThat(((SqlResult.Rows) reply.results().getFirst()).qualified().columns())
              .as("%s of %s", level, node.id())
              .isNotEmpty()
              .allMatch(column -> column.startsWith("t."));
          assertThat(reply.raftIndex() >= 0)
              .as("%s on %s", level, node.id())
              .isEqualTo(level == ReadLevel.STRONG);
          boolean here =
              node == leader || level == ReadLevel.NONE || level == ReadLevel.LINEARIZABLE;
          assertThat(reply.servedBy().equals(leader.address()))
              .as("%s forwarded", level)
              .isNotEqualTo(here);
        }
      }
      long before = leader.raft().state().changeIndex();
      String _ = leader.read(ReadLevel.STRONG, "SELECT x FROM t");
      assertThat(leader.raft().state().changeIndex())
          .as("a strong read changes nothing")
          .isEqualTo(before);
    }
  }

  @Test
  void aFollowerReadsWhatWasAcknowledgedElsewhere() {
    try (TestCluster cluster =
        TestCluster.of(folder, 3).withElection(Duration.ofSeconds(3)).startAll()) {
      TestCluster.Node leader = cluster.awaitLeader();
      TestCluster.Node follower = cluster.follower();
      leader.execute("CREATE TABLE t(x)");
      for (int i = 1; i <= 100; i++) {
        leader.execute("INSERT INTO t VALUES(" + i + ")");

        SqlReply reply =
            follower
                .raft()
                .query(TestCluster.request(ReadLevel.LINEARIZABLE, false, "SELECT max(x) FROM t"));

        assertThat(reply.servedBy()).isEqualTo(follower.id() + ".example.org:4001");
        assertThat(((SqlResult.Rows) reply.results().getFirst()).values().getFirst())
            .containsExactly((long) i);
      }
    }
  }

  /** They travel together, in entries with each other; each answer is its own row's. */
  @Test
  void manyWritesThroughAFollowerEachGetTheirOwnAnswer() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node follower = cluster.follower();
      cluster.awaitLeader().execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x INTEGER UNIQUE)");
      Map<Integer, Long> ids = new ConcurrentHashMap<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 400; i++) {
          int x = i % 300; // a hundred come twice
          Future<?> _ =
              threads.submit(() -> {
                SqlReply reply = follower.execute("INSERT INTO t(x) VALUES(%d)".formatted(x));
                if (reply.results().getFirst() instanceof SqlResult.Write write) {
                  Long before = ids.put(x, write.lastInsertId());
                  assertThat(before).isNull();
                }
              });
        }
      }
      cluster.assertEqualContents();
      assertThat(ids).hasSize(300);
      SqlResult.Rows rows =
          (SqlResult.Rows)
              follower
                  .raft()
                  .query(TestCluster.request(ReadLevel.NONE, false, "SELECT x, id FROM t"))
                  .results()
                  .getFirst();
      assertThat(rows.values()).hasSize(300);
      for (Object[] row : rows.values()) {
        assertThat(ids.get(((Long) row[0]).intValue())).isEqualTo(row[1]);
      }
    }
  }

  @Test
  void aFollowerThatCannotApplyAsksTheLeader() {
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(5).startAll()) {
      TestCluster.Node leader = cluster.awaitLeader();
      TestCluster.Node sick = cluster.follower();
      leader.execute("CREATE TABLE t(x)");
      sick.disk().fail();
      Waiting.await("it is stuck")
          .until(() -> {
            leader.execute("INSERT INTO t VALUES(1)");
            return sick.raft().status().problem() != null;
          });
      String written = leader.read(ReadLevel.LINEARIZABLE, "SELECT count(*) FROM t");

      SqlReply reply =
          sick.raft()
              .query(TestCluster.request(ReadLevel.LINEARIZABLE, false, "SELECT count(*) FROM t"));

      assertThat(reply.servedBy()).isEqualTo(leader.address());
      assertThat(((SqlResult.Rows) reply.results().getFirst()).values().getFirst())
          .containsExactly(Long.valueOf(written));
      sick.disk().work();
    }
  }

  @Test
  void anyNodeTakesASnapshotOfWhatItHasApplied() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.node(1).execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      cluster.assertEqualContents();
      for (TestCluster.Node node : cluster.nodes()) {
        long taken = node.raft().snapshots();
        assertThat(node.raft().snapshot(TestCluster.TIMEOUT)).as(node.id()).isTrue();

        assertThat(node.raft().snapshots()).isGreaterThan(taken);

        assertThat(node.raft().status().snapshotIndex())
            .isGreaterThanOrEqualTo(node.raft().state().changeIndex());

        String _ = node.read(ReadLevel.STRONG, "SELECT x FROM t");
        Waiting.await("entries without a change on " + node.id())
            .until(
                () -> node.raft().status().appliedIndex() > node.raft().status().snapshotIndex());
        assertThat(node.raft().snapshot(TestCluster.TIMEOUT)).as("nothing new").isFalse();
      }
    }
  }

  @Test
  void withoutAQuorumOnlyStaleReadsAreAnswered() {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.node(1).execute("CREATE TABLE t(x)", "INSERT INTO t VALUES(7)");
      cluster.assertEqualContents();
      TestCluster.Node last = cluster.awaitLeader();
      assertThat(fresh(cluster.follower(), Duration.ofMinutes(1), false).error()).isNull();
      cluster.nodes().stream().filter(node -> node != last).forEach(TestCluster.Node::stop);

      assertThatThrownBy(() -> last.raft().query(within(ReadLevel.LINEARIZABLE, "SELECT 1")))
          .isInstanceOf(NotLeaderException.class);
      assertThatThrownBy(
              () -> last.raft().execute(within(ReadLevel.WEAK, "INSERT INTO t VALUES(8)")))
          .isInstanceOfAny(NotLeaderException.class, CommitUnknownException.class);
      assertThat(last.raft().confirmLeadership()).isFalse();
      assertThat(last.read(ReadLevel.NONE, "SELECT x FROM t")).isEqualTo("7");
      Waiting.await("the leader has stepped down").until(() -> !last.local().leads());
      assertThat(fresh(last, Duration.ofMillis(1), false).error()).isEqualTo("stale read");
      assertThat(fresh(last, Duration.ofMillis(1), true).results()).isEmpty();
      assertThatThrownBy(() -> last.raft().query(within(ReadLevel.WEAK, "SELECT 1")))
          .isInstanceOf(NotLeaderException.class)
          .hasMessageContaining("leader not found");
    }
  }

  private static SqlRequest within(ReadLevel level, String sql) {
    return request(level, Duration.ofSeconds(3), null, false, sql);
  }

  private static SqlReply fresh(TestCluster.Node node, Duration freshness, boolean strict) {
    return node.raft()
        .query(request(ReadLevel.NONE, Duration.ofSeconds(3), freshness, strict, "SELECT 1"));
  }

  private static SqlRequest request(
      ReadLevel level,
      Duration timeout,
      @org.jspecify.annotations.Nullable Duration freshness,
      boolean strict,
      String sql) {
    return new SqlRequest(
        List.of(SqlStatement.of(sql)),
        SqlForm.EXECUTE,
        false,
        level,
        freshness,
        strict,
        timeout,
        timeout,
        null);
  }

  @Test
  void aWriteThatMeetsLeadershipHandedOnIsDoneOnceAndSaysSo() throws Exception {
    Set<Integer> done = new ConcurrentSkipListSet<>();
    Set<Integer> notDone = new ConcurrentSkipListSet<>();
    Set<Integer> unknown = new ConcurrentSkipListSet<>();
    try (TestCluster cluster =
        TestCluster.of(folder, 3)
            .withSnapshotEvery(100)
            .withElection(Duration.ofSeconds(3))
            .startAll()) {
      cluster.node(1).execute("CREATE TABLE t(id INTEGER)");
      AtomicBoolean stop = new AtomicBoolean();
      AtomicInteger next = new AtomicInteger();
      try (ExecutorService writers = Executors.newFixedThreadPool(6)) {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
          RatisNode raft = cluster.node(i % 3 + 1).raft();
          running.add(
              writers.submit(() -> {
                while (!stop.get()) {
                  int id = next.incrementAndGet();
                  try {
                    SqlReply _ =
                        raft.execute(
                            TestCluster.request(
                                ReadLevel.WEAK, false, "INSERT INTO t VALUES(" + id + ")"));
                    done.add(id);
                  } catch (CommitUnknownException e) {
                    unknown.add(id);
                  } catch (NotLeaderException | NotReadyException e) {
                    notDone.add(id);
                  }
                }
              }));
        }
        try {
          for (int change = 0; change < 5; change++) {
            int target = done.size() + 40;
            Waiting.await("writes go on").until(() -> done.size() >= target);
            try {
              cluster.awaitLeader().raft().transferLeadership(null, Duration.ofSeconds(10));
            } catch (NotLeaderException | NotReadyException e) {
              assertThat(e).hasMessageNotContaining("null");
            }
          }
        } finally {
          stop.set(true);
        }
        for (Future<?> each : running) {
          Object _ = each.get();
        }
      }
      SqlReply all =
          cluster
              .node(2)
              .raft()
              .query(TestCluster.request(ReadLevel.LINEARIZABLE, false, "SELECT id FROM t"));
      List<Integer> stored = new ArrayList<>();
      ((SqlResult.Rows) all.results().getFirst())
          .values()
          .forEach(row -> stored.add(((Long) java.util.Objects.requireNonNull(row[0])).intValue()));
      assertThat(unknown).as("nobody died").isEmpty();
      assertThat(stored).doesNotHaveDuplicates().containsAll(done);
      assertThat(stored).as("stored though refused").noneMatch(notDone::contains);
      assertThat(done.size() + notDone.size()).isEqualTo(next.get());
      cluster.assertEqualContents();
    }
  }

  @Test
  void aListTooLargeForAnEntryIsOneWriteLikeAnyOther() {
    List<SqlStatement> statements = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      statements.add(
          new SqlStatement(
              "INSERT INTO t VALUES(?, ?)",
              List.of(
                  new SqlParameter(null, (long) i % 39),
                  new SqlParameter(null, new byte[100_000]))));
    }
    statements.add(new SqlStatement("UPDATE t SET x = x + 100", List.of()));
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      cluster.node(1).execute("CREATE TABLE t(x INTEGER UNIQUE, b BLOB)");
      for (TestCluster.Node node : List.of(cluster.follower(), cluster.awaitLeader())) {
        SqlReply whole = node.raft().execute(TestCluster.request(ReadLevel.WEAK, true, statements));
        assertThat(whole.results().getLast())
            .as("stops at the failure and undoes all")
            .isInstanceOf(SqlResult.Failed.class);
        assertThat(node.read(ReadLevel.STRONG, "SELECT count(*) FROM t")).isEqualTo("0");

        SqlReply each = node.raft().execute(TestCluster.request(ReadLevel.WEAK, false, statements));
        assertThat(each.results()).hasSize(41);
        assertThat(each.results().get(39)).isInstanceOf(SqlResult.Failed.class);
        assertThat(each.results().get(38)).isInstanceOf(SqlResult.Write.class);
        assertThat(each.results().get(40))
            .isInstanceOfSatisfying(
                SqlResult.Write.class, update -> assertThat(update.rowsAffected()).isEqualTo(39));
        assertThat(node.read(ReadLevel.STRONG, "SELECT min(x) FROM t")).isEqualTo("100");
        cluster.assertEqualContents();
        SqlReply _ = node.execute("DELETE FROM t");
      }
    }
  }
}
