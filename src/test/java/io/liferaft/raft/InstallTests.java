package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.LoadBytes.Packing;
import io.liferaft.raft.LogCommand.LoadKind;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.ratis.server.raftlog.RaftLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A follower that the leader's log no longer reaches takes the leader's copy. */
@Execution(ExecutionMode.CONCURRENT)
class InstallTests {

  private static final String COUNT = "SELECT count(*) FROM c";

  @TempDir Path folder;

  @Test
  void aFollowerBehindTheLogGoesOnFromTheLeadersCopy() {
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(50).startAll()) {
      TestCluster.Node late = cluster.follower();
      cluster
          .awaitLeader()
          .execute(
              "CREATE TABLE p(id INTEGER PRIMARY KEY)",
              "CREATE TABLE c(p REFERENCES p, noise DEFAULT (randomblob(300)))");
      late.stop();
      SqlReply pragma = cluster.awaitLeader().execute("PRAGMA foreign_keys=1");
      assertThat(pragma.results().getFirst()).isNotInstanceOf(SqlResult.Failed.class);
      cutLog(cluster);

      late.start();

      cluster.assertEqualContents();
      assertThat(late.raft().tally().of(Tally.Event.INSTALL)).isPositive();
      assertThat(String.valueOf(late.store().status().file())).endsWith("db-2.sqlite");
      SqlReply orphan = cluster.awaitLeader().execute("INSERT INTO c(p) VALUES(77)");
      assertThat(orphan.results().getFirst()).isInstanceOf(SqlResult.Failed.class);
      cluster.awaitLeader().execute("INSERT INTO p DEFAULT VALUES");
      cluster.assertEqualContents();
      assertThat(late.store().status().foreignKeys())
          .as("the rule under which writes are applied came with the copy")
          .isTrue();

      late.crash();
      cluster.awaitLeader().execute("INSERT INTO p DEFAULT VALUES");
      late.start();
      cluster.assertEqualContents();
    }
  }

  /** It cannot confirm that it leads without the one node that cannot go on without its copy. */
  @Test
  void aLeaderThatNeedsAFollowerForItsFirstEntryGivesItItsCopy() {
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(50).startAll()) {
      TestCluster.Node late = cluster.follower();
      cluster.awaitLeader().execute("CREATE TABLE c(p)");
      late.crash();
      cutLog(cluster);
      TestCluster.Node leader = cluster.awaitLeader();
      cluster.running().toList().forEach(TestCluster.Node::crash);

      leader.start();
      late.start();

      cluster.awaitServing();
      leader.execute("INSERT INTO c VALUES(1)");
      cluster.assertEqualContents();
    }
  }

  @Test
  void whatDrillsFoundComesWithTheCopy() {
    VerifiedRecord drilled =
        new VerifiedRecord("dest", "id", "g", 7, "ab", 4096, 1000, 12, true, false, "n2");
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(50).startAll()) {
      TestCluster.Node late = cluster.follower();
      cluster.awaitLeader().execute("CREATE TABLE c(p, noise DEFAULT (randomblob(300)))");
      late.stop();
      cluster.append(new LogCommand.BackupVerified(drilled));
      cutLog(cluster);

      late.start();

      cluster.assertEqualContents();
      assertThat(late.raft().tally().of(Tally.Event.INSTALL)).isPositive();
      assertThat(late.raft().state().verified())
          .isEqualTo(Map.of("dest", new Verification(drilled, null)));
    }
  }

  @Test
  void anOpenLoadComesWithTheCopy() throws Exception {
    byte[] file = database();
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(50).startAll()) {
      TestCluster.Node late = cluster.follower();
      cluster.awaitLeader().execute("CREATE TABLE c(p, noise DEFAULT (randomblob(300)))");
      late.stop();
      int half = file.length / 2;
      byte[] first = Arrays.copyOfRange(file, 0, half);
      byte[] second = Arrays.copyOfRange(file, half, file.length);
      String sha256 = HexFormat.of().formatHex(OpenLoad.newSha256().digest(file));
      cluster.append(new LogCommand.LoadBegin(5, LoadKind.DATABASE, -1, file.length, sha256, true));
      cluster.append(chunk(0, first));
      cutLog(cluster);

      late.start();
      cluster.assertEqualContents();
      assertThat(late.local().payload().load()).isNotNull();
      cluster.append(chunk(half, second));
      String chain = OpenLoad.chain(OpenLoad.chain("", first), second);
      cluster.append(new LogCommand.LoadCommit(5, chain, 1, 2, 3, null, null));

      cluster.assertEqualContents();
      assertThat(late.local("SELECT count(*) FROM loaded")).isEqualTo("1");
    }
  }

  @Test
  void aFollowerThatComesBackServesNothingOlderThanWhatWasCommittedThen() {
    try (TestCluster cluster = TestCluster.of(folder, 3).withSnapshotEvery(50).startAll()) {
      TestCluster.Node late = cluster.follower();
      cluster.awaitLeader().execute("CREATE TABLE c(p)");
      late.stop();
      cutLog(cluster);
      String committed = cluster.awaitLeader().read(ReadLevel.STRONG, COUNT);

      late.start();
      Waiting.await("it serves")
          .until(() -> {
            try {
              return late.raft().query(TestCluster.request(ReadLevel.NONE, false, COUNT)) != null;
            } catch (NotReadyException _) {
              return false;
            }
          });

      assertThat(late.local(COUNT)).isEqualTo(committed);
    }
  }

  @Test
  void aFormerLeaderWhoseLogEndsWhereTheOthersLogBeginsCatchesUp() throws Exception {
    try (TestCluster cluster = TestCluster.of(folder, 3).startAll()) {
      TestCluster.Node former = cluster.awaitLeader();
      former.execute("CREATE TABLE c(p)", "INSERT INTO c VALUES(1)");
      cluster.assertEqualContents();
      former.crash();
      TestCluster.Node next = cluster.awaitLeader();
      next.execute("INSERT INTO c VALUES(2)");

      next.local().snapshot(TestCluster.TIMEOUT);
      next.execute("INSERT INTO c VALUES(3)");
      Waiting.await("a log that begins with the new term")
          .until(() -> next.local().division().orElseThrow().getRaftLog().getStartIndex() > 0);
      former.start();

      cluster.assertEqualContents();
      assertThat(former.local("SELECT sum(p) FROM c")).isEqualTo("6");
    }
  }

  /** The others' logs would begin where its own ends: a whole copy for a few entries. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFormerLeaderThatMissedLittleIsSentTheEntries(boolean killed) {
    try (TestCluster cluster =
        TestCluster.of(folder, 3).withSnapshotEvery(10).withTrailingLog(1 << 20).startAll()) {
      TestCluster.Node former = cluster.awaitLeader();
      former.execute("CREATE TABLE c(p)");
      insert(former, 60);
      if (killed) {
        former.crash();
      } else {
        former.stop();
      }
      TestCluster.Node next = cluster.awaitLeader();
      insert(next, 60);
      Waiting.await("a snapshot of what it missed")
          .until(() -> next.raft().status().snapshotIndex() > 100);

      former.start();

      cluster.assertEqualContents();
      assertThat(former.raft().tally().of(Tally.Event.INSTALL)).isZero();
      assertThat(former.local(COUNT)).isEqualTo("120");
    }
  }

  /** What is kept is bounded: more than that missed, and a copy it is. */
  @Test
  void theLogIsCutBehindWhatIsKept() {
    try (TestCluster cluster =
        TestCluster.of(folder, 3).withSnapshotEvery(10).withTrailingLog(2_000).startAll()) {
      TestCluster.Node late = cluster.follower();
      cluster.awaitLeader().execute("CREATE TABLE c(p)");
      late.stop();
      cutLog(cluster);

      late.start();

      cluster.assertEqualContents();
      assertThat(late.raft().tally().of(Tally.Event.INSTALL)).isPositive();
    }
  }

  /** As after a restart of a quiet cluster, node by node: both have snapshots, one entry apart. */
  @Test
  void aFormerLeaderWhoseSnapshotEndsWhereTheOthersLogBeginsCatchesUp() {
    try (TestCluster cluster = TestCluster.of(folder, 3).startAll()) {
      TestCluster.Node former = cluster.awaitLeader();
      former.execute("CREATE TABLE c(p)", "INSERT INTO c VALUES(1)");
      cluster.assertEqualContents();
      snapshotOfAll(former);
      long last = former.raft().status().lastLogIndex();
      former.crash();
      TestCluster.Node next = cluster.awaitLeader();

      snapshotOfAll(next);
      awaitLogFrom(next, last + 1);
      former.start();

      cluster.assertEqualContents();
      next.execute("INSERT INTO c VALUES(2)");
      cluster.assertEqualContents();
      assertThat(former.local("SELECT sum(p) FROM c")).isEqualTo("3");
    }
  }

  /** What it had not got to the others in time stands where their log begins, and behind. */
  @Test
  void aFormerLeaderWhoseLogGoesOnInAnotherWayWhereTheOthersBeginsCatchesUp() {
    // It must not step down before it has written.
    Duration election = Duration.ofSeconds(2);
    try (TestCluster cluster = TestCluster.of(folder, 3).withElection(election).startAll()) {
      TestCluster.Node former = cluster.awaitLeader();
      former.execute("CREATE TABLE c(p)", "INSERT INTO c VALUES(1)");
      cluster.assertEqualContents();
      List<TestCluster.Node> others =
          cluster.nodes().stream().filter(node -> node != former).toList();
      others.forEach(TestCluster.Node::stop);
      long last = former.raft().status().lastLogIndex();
      for (int i = 0; i < 10; i++) {
        var _ =
            former
                .local()
                .server()
                .orElseThrow()
                .submit(insert(100), LogCommandCodec.encode(insert(100)));
      }
      Waiting.await("a log that goes on further than the others' will")
          .until(() -> former.raft().status().lastLogIndex() >= last + 10);
      former.crash();
      others.forEach(TestCluster.Node::start);
      TestCluster.Node next = cluster.awaitLeader();
      next.execute("INSERT INTO c VALUES(2)");

      snapshotOfAll(next);
      awaitLogFrom(next, last + 1);
      former.start();

      cluster.assertEqualContents();
      next.execute("INSERT INTO c VALUES(3)");
      cluster.assertEqualContents();
      assertThat(former.local("SELECT sum(p) FROM c")).isEqualTo("6");

      // Nothing of what it had is left for who starts from its log.
      TestCluster.Node empty = others.getFirst();
      cluster.lead(former);
      empty.stop();
      empty.wipe();
      empty.start();
      Waiting.await("it is a member again").until(empty::serves);
      cluster.assertEqualContents();
      assertThat(empty.local("SELECT sum(p) FROM c")).isEqualTo("6");
    }
  }

  private static LogCommand.Execute insert(int value) {
    return new LogCommand.Execute(
        List.of(SqlStatement.of("INSERT INTO c VALUES(" + value + ")")),
        SqlForm.EXECUTE,
        false,
        1,
        2,
        1_000_000);
  }

  private static void awaitLogFrom(TestCluster.Node node, long first) {
    Waiting.await("a log that begins with " + first)
        .until(
            () -> node.local().division().orElseThrow().getRaftLog().getStartIndex(),
            start -> start == first);
  }

  /** Behind the last command Ratis notes what was committed; nothing comes after that. */
  private static void snapshotOfAll(TestCluster.Node node) {
    Waiting.await("a snapshot of all")
        .until(() -> {
          node.local().snapshot(TestCluster.TIMEOUT);
          RaftLog log = node.local().division().orElseThrow().getRaftLog();
          long last = log.getNextIndex() - 1;
          return node.raft().status().snapshotIndex() == last && log.get(last).hasMetadataEntry();
        });
  }

  private static LogCommand chunk(long offset, byte[] bytes) {
    return new LogCommand.LoadChunk(
        5, offset, bytes.length, Packing.ZSTD, LoadBytes.pack(bytes, Packing.ZSTD));
  }

  private static void insert(TestCluster.Node node, int rows) {
    for (int i = 0; i < rows; i++) {
      node.execute("INSERT INTO c VALUES(1)");
    }
  }

  /** Writes until the log no longer begins at 0; a change of leader closes a segment. */
  private static void cutLog(TestCluster cluster) {
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 60; i++) {
        cluster.awaitLeader().execute("INSERT INTO c(p) SELECT NULL FROM sqlite_schema");
      }
      cluster.moveLeadership();
    }
    for (int i = 0; i < 60; i++) {
      cluster.awaitLeader().execute("INSERT INTO c(p) SELECT NULL FROM sqlite_schema");
    }
    Waiting.await("a cut log")
        .until(() ->
            cluster
                .running()
                .allMatch(node ->
                    node.local()
                        .division()
                        .map(division -> division.getRaftLog().getStartIndex() > 0)
                        .orElse(false)));
  }

  private byte[] database() throws Exception {
    Path file = folder.resolve("made.sqlite");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("CREATE TABLE loaded(x)");
      statement.executeUpdate("INSERT INTO loaded VALUES(randomblob(50000))");
    }
    return Files.readAllBytes(file);
  }
}
