package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.BackupManifest;
import io.liferaft.backup.DrillStatus.Result;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.Verification;
import io.liferaft.raft.VerifiedRecord;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeDatabase;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.ManualClock;
import io.liferaft.support.Waiting;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupDrillTests {

  private static final byte[] DATABASE = FakeDatabase.holding("a");

  @TempDir Path root;
  private final FakeArchive archive = new FakeArchive("s3://bucket/db/");
  private final FakeRaftNode node =
      new FakeRaftNode().restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 0));
  private final ManualClock clock = new ManualClock();
  private BackupDrill.DatabaseCheck check = _ -> false;

  private final ClusterVerification cluster = new ClusterVerification(node, archive);

  /** Kept: a gauge alone lets it be collected. */
  @SuppressWarnings("UnusedVariable")
  private @Nullable DrillMetrics metrics;

  private BackupDrill drill(Duration interval) {
    return new BackupDrill(
        interval,
        archive,
        node,
        clock,
        new Random(1),
        root.resolve("drill"),
        file -> check.isEmpty(file),
        new VerifiedPoints(),
        cluster);
  }

  private void place(boolean empty) {
    var _ =
        archive.place(
            new BackupManifest(
                "c",
                "g",
                1,
                7,
                FakeDatabase.sha256(DATABASE),
                DATABASE.length,
                empty,
                List.of(),
                null,
                null,
                null),
            DATABASE);
  }

  @Test
  void saysThatTheNewestBackupCanBeRestoredAndLeavesNothing() {
    place(false);

    DrillStatus done = drill(Duration.ZERO).drill();

    assertThat(done.result()).isEqualTo(Result.OK);
    assertThat(done.detail()).contains("change index 7", "can be restored");
    assertThat(root.resolve("drill")).doesNotExist();
    assertThat(archive.calls(Call.WRITE)).isZero();
  }

  @Test
  void noneIsBegunWhileOneIsUnderWay() {
    place(false);
    BackupDrill drill = drill(Duration.ZERO);
    List<Integer> answers = new ArrayList<>();
    check =
        _ -> {
          Thread other =
              Thread.ofVirtual()
                  .start(
                      () -> answers.add(new DrillEndpoint(drill, cluster).drillNow().getStatus()));
          try {
            other.join();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          return false;
        };

    assertThat(drill.drillUnlessUnderWay()).isPresent();
    assertThat(answers).containsExactly(409);
  }

  @Test
  void saysThatItIsDamaged() {
    place(false);
    BackupDrill drill = drill(Duration.ZERO);
    archive.corrupt(true);
    assertThat(drill.drill().result()).isEqualTo(Result.DAMAGED);
    assertThat(drill.damaged()).isTrue();

    archive.corrupt(false);
    check =
        file -> {
          throw new SqliteException.InvalidDatabase(file + ": page 3 is wrong", null);
        };
    assertThat(drill.drill().detail()).contains("cannot be restored", "page 3 is wrong");

    check = _ -> true;
    assertThat(drill.drill().detail()).contains("holds no object, and should");
    place(true);
    assertThat(drill.drill().result()).isEqualTo(Result.OK);
    assertThat(drill.damaged()).isFalse();
    assertThat(root.resolve("drill")).doesNotExist();
  }

  @Test
  void tellsTheClusterWhatItFound() {
    place(false);
    BackupDrill drill = drill(Duration.ZERO);
    DrillEndpoint endpoint = new DrillEndpoint(drill, cluster);
    node.members("n1=h:1", "n2=h:2", "n3=h:3").leader("n2").write("b");
    long changed = node.state().changeIndex();
    assertThat(endpoint.last()).containsEntry("cluster", Map.of("result", "none yet"));
    check =
        _ -> {
          clock.advance(Duration.ofMillis(1500));
          return false;
        };

    DrillStatus good = drill.drill();

    String sha256 = FakeDatabase.sha256(DATABASE);
    VerifiedRecord expected =
        new VerifiedRecord(
            archive.fingerprint(),
            "key",
            "g",
            7,
            sha256,
            DATABASE.length,
            good.time().toEpochMilli(),
            1500,
            true,
            false,
            "n1");
    assertThat(node.state().verified())
        .isEqualTo(Map.of(archive.fingerprint(), new Verification(expected, null)));
    assertThat(node.state().changeIndex()).isEqualTo(changed);

    clock.advance(Duration.ofMinutes(1));
    archive.corrupt(true);
    assertThat(drill.drill().result()).isEqualTo(Result.DAMAGED);
    assertThat(endpoint.last())
        .extractingByKey("cluster", InstanceOfAssertFactories.map(String.class, Object.class))
        .containsEntry("result", "damaged")
        .containsEntry("time", clock.instant())
        .containsEntry("node", "n1")
        .containsEntry("backup", "key")
        .containsEntry("changeIndex", 7L)
        .containsEntry("lastVerified", good.time())
        .containsEntry("recoveryMillis", 1500L);
    assertThat(cluster.of("key")).map(Verified::good).hasValue(false);
    assertThat(cluster.of("another")).isEmpty();
  }

  private byte[] sqlite(String name, String... values) throws Exception {
    Path file = root.resolve(name);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      int _ = statement.executeUpdate("CREATE TABLE t(v)");
      for (String value : values) {
        int _ = statement.executeUpdate("INSERT INTO t VALUES(" + value + ")");
      }
    }
    return Files.readAllBytes(file);
  }

  private void placeOf(String generation, long changeIndex, byte[] database) {
    var _ =
        archive.place(
            new BackupManifest(
                "c",
                generation,
                1,
                changeIndex,
                FakeDatabase.sha256(database),
                database.length,
                false,
                List.of(),
                null,
                null,
                null),
            database);
  }

  @Test
  void comparesTheContentsWhenTheDatabaseHasNotChangedSince() throws Exception {
    BackupDrill drill = drill(Duration.ZERO);
    node.write(sqlite("own", "1", "'a'", "NULL"));
    ReplicatedState now = node.state();
    placeOf(now.generation(), now.changeIndex(), sqlite("sound", "1", "'a'", "NULL"));

    DrillStatus done = drill.drill();

    assertThat(done.result()).isEqualTo(Result.OK);
    assertThat(done.compared()).isTrue();
    assertThat(done.detail()).contains("its contents are this node's: 1 tables, 3 rows");
    assertThat(node.state().verified())
        .extractingByKey(archive.fingerprint())
        .extracting(verification -> verification.last().compared())
        .isEqualTo(true);
    assertThat(root.resolve("drill")).doesNotExist();

    placeOf(now.generation(), now.changeIndex(), sqlite("other", "1", "'a'"));
    DrillStatus fewer = drill.drill();
    assertThat(fewer.result()).isEqualTo(Result.DAMAGED);
    assertThat(fewer.detail()).contains("its table t has 2 rows instead of 3");
    placeOf(now.generation(), now.changeIndex(), sqlite("another", "'1'", "'a'", "NULL"));
    assertThat(drill.drill().detail()).contains("its table t has other values in its 3 rows");
    assertThat(root.resolve("drill")).doesNotExist();
  }

  /** Written to all the time, a database is never where its last backup is. */
  @Test
  void hasABackupMadeOfTheIndexAtWhichItHasACopy() throws Exception {
    BackupDrill drill = drill(Duration.ZERO);
    byte[] sound = sqlite("sound", "1", "'a'");
    node.write(sqlite("own", "1", "'a'"));
    node.leaderAtPoint(() -> backUpAndGoOn(sound));

    DrillStatus done = drill.drill();

    assertThat(done.result()).isEqualTo(Result.OK);
    assertThat(done.compared()).isTrue();
    assertThat(done.detail()).contains("its contents are this node's: 1 tables, 2 rows");
    assertThat(root.resolve("drill")).doesNotExist();

    byte[] wrong = sqlite("wrong", "1", "'b'");
    node.write(sqlite("own again", "1", "'a'"));
    node.leaderAtPoint(() -> backUpAndGoOn(wrong));
    DrillStatus differs = drill.drill();
    assertThat(differs.result()).isEqualTo(Result.DAMAGED);
    assertThat(differs.detail()).contains("its table t has other values in its 2 rows");
  }

  /**
   * The log tells of the restored backup as of one of the new generation; the manifest does not.
   */
  @Test
  void comparesAfterARestoreBeforeTheFirstWrite() throws Exception {
    BackupDrill drill = drill(Duration.ZERO);
    byte[] backup = sqlite("sound", "1", "'a'");
    node.write(sqlite("own", "1", "'a'"));
    placeOf("the generation before", 75, backup);
    record(node.state().generation(), node.state().changeIndex(), backup);

    DrillStatus done = drill.drill();

    assertThat(done.detail()).contains("its contents are this node's: 1 tables, 2 rows");
    assertThat(done.compared()).isTrue();
  }

  private void backUpAndGoOn(byte[] database) {
    ReplicatedState at = node.state();
    placeOf(at.generation(), at.changeIndex(), database);
    record(at.generation(), at.changeIndex(), database);
    node.write("what comes after it");
  }

  private void record(String generation, long changeIndex, byte[] database) {
    node.leaderRecorded(
        new BackupRecord(
            archive.fingerprint(),
            generation,
            changeIndex,
            FakeDatabase.sha256(database),
            database.length,
            "etag",
            null,
            1,
            0));
  }

  @Test
  void drillsTheNewestAllTheSameWhenThatDoesNotComeAbout() throws Exception {
    BackupDrill drill = drill(Duration.ZERO);
    byte[] sound = sqlite("sound", "1");
    node.write(sqlite("own", "1"));
    placeOf(node.state().generation(), node.state().changeIndex() - 1, sound);
    assertThat(drill.drill().detail()).contains("the leader makes no backups there");

    node.leaderAtPoint(() -> {
      node.write("a change that the backup holds already");
      ReplicatedState past = node.state();
      placeOf(past.generation(), past.changeIndex(), sound);
      record(past.generation(), past.changeIndex(), sound);
      node.write("one that it does not");
    });
    DrillStatus done = drill.drill();
    assertThat(done.result()).isEqualTo(Result.OK);
    assertThat(done.compared()).isFalse();
    assertThat(done.detail()).contains("the leader did not make a backup of the same index");
  }

  @Test
  void saysThatTheContentsWereNotCompared() throws Exception {
    BackupDrill drill = drill(Duration.ZERO);
    node.write(sqlite("own", "1"));
    ReplicatedState now = node.state();
    byte[] other = sqlite("other", "2");

    placeOf(now.generation(), now.changeIndex() - 1, other);
    DrillStatus moved = drill.drill();
    assertThat(moved.result()).isEqualTo(Result.OK);
    assertThat(moved.compared()).isFalse();
    assertThat(moved.detail())
        .contains("its contents were not compared: the database has changed since");

    placeOf("another", now.changeIndex(), other);
    assertThat(drill.drill().compared()).isFalse();
    assertThat(node.copies()).as("taken for nothing").isZero();

    placeOf(now.generation(), now.changeIndex(), other);
    node.revokeCopies(1);
    DrillStatus revoked = drill.drill();
    assertThat(revoked.result()).isEqualTo(Result.OK);
    assertThat(revoked.detail()).contains("its contents were not compared: held too long");
  }

  @Test
  void tellsNobodyOfTrouble() {
    place(false);
    archive.failNext(Call.FETCH, Reason.UNAVAILABLE, 1);
    assertThat(drill(Duration.ZERO).drill().result()).isEqualTo(Result.FAILED);
    archive.remove();
    assertThat(drill(Duration.ZERO).drill().result()).isEqualTo(Result.SKIPPED);
    assertThat(node.state().verified()).isEmpty();
  }

  /** An older leader, or none: the drill has ended well all the same, and the next one is told. */
  @Test
  void endsAsItDidWhenTheClusterCannotBeTold() {
    place(false);
    BackupDrill drill = drill(Duration.ZERO);
    for (RuntimeException failure :
        List.of(
            new NotLeaderException("leader not found"),
            new IllegalStateException("on the leader: a log entry has type 18, unknown"),
            new CommitUnknownException("no answer", null))) {
      node.refuseVerified(failure);
      assertThat(drill.drill().result()).isEqualTo(Result.OK);
      assertThat(node.state().verified()).isEmpty();
    }

    node.refuseVerified(null);
    assertThat(drill.drill().result()).isEqualTo(Result.OK);
    assertThat(node.state().verified()).hasSize(1);
  }

  private SimpleMeterRegistry metricsOf(BackupDrill drill) {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    metrics = new DrillMetrics(drill, cluster, clock);
    metrics.bindTo(registry);
    return registry;
  }

  /** Of a process that has not drilled: what another node has told. */
  @Test
  void everyNodeHasTheClustersLastOneInItsMetrics() {
    SimpleMeterRegistry registry = metricsOf(drill(Duration.ZERO));
    assertThat(registry.get("liferaft.backup.verified.age").gauge().value()).isNaN();
    assertThat(registry.get("liferaft.backup.recovery.time").gauge().value()).isNaN();

    node.recordVerified(told(true));
    clock.advance(Duration.ofSeconds(9));
    node.recordVerified(told(false));

    assertThat(registry.get("liferaft.backup.verified.age").gauge().value()).isEqualTo(9);
    assertThat(registry.get("liferaft.backup.recovery.time").gauge().value()).isEqualTo(2.5);
  }

  private VerifiedRecord told(boolean good) {
    return new VerifiedRecord(
        archive.fingerprint(), "id", "g", 7, "ab", 9, clock.millis(), 2500, good, false, "n3");
  }

  @Test
  void tellsTroubleFromDamage() {
    BackupDrill drill = drill(Duration.ZERO);
    assertThat(drill.drill().result()).isEqualTo(Result.SKIPPED);
    place(false);
    archive.failNext(Call.FETCH, Reason.UNAVAILABLE, 1);
    assertThat(drill.drill().result()).isEqualTo(Result.FAILED);
    check =
        _ -> {
          throw new IOException("disk full");
        };
    assertThat(drill.drill().detail()).contains("disk full");
    assertThat(drill.damaged()).isFalse();
  }

  @Test
  void isForFollowersAndForWhoIsAlone() {
    node.members("n1=h:1", "n2=h:2", "n3=h:3");
    node.lead();
    assertThat(BackupDrill.ownTurn(node.status())).isFalse();
    node.leader("n2");
    assertThat(BackupDrill.ownTurn(node.status())).isTrue();
    node.members("n1=h:1");
    node.lead();
    assertThat(BackupDrill.ownTurn(node.status())).isTrue();
  }

  @Test
  void drillsByItselfAndTellsInMetricsHowLongAgo() {
    place(false);
    BackupDrill drill = drill(Duration.ofMillis(20));
    SimpleMeterRegistry registry = metricsOf(drill);
    clock.advance(Duration.ofSeconds(3));
    assertThat(registry.get("liferaft.backup.drill.age").gauge().value()).isEqualTo(3);
    assertThat(registry.get("liferaft.backup.drill.duration").gauge().value()).isNaN();

    drill.start();
    Waiting.await("two drills").until(() -> archive.calls(Call.FETCH) >= 2);
    drill.stop();

    archive.failNext(Call.FETCH, Reason.UNAVAILABLE, 1);
    assertThat(drill.drill().result()).isEqualTo(Result.FAILED);
    clock.advance(Duration.ofSeconds(5));
    assertThat(registry.get("liferaft.backup.drill.age").gauge().value()).isEqualTo(5);
    assertThat(registry.get("liferaft.backup.drill.damaged").gauge().value()).isZero();
  }

  @Test
  void doesNothingByItselfWhenItIsOff() {
    place(false);
    BackupDrill drill = drill(Duration.ZERO);
    drill.start();
    drill.stop();
    assertThat(archive.calls(Call.FETCH)).isZero();
    assertThat(Files.exists(root.resolve("drill"))).isFalse();
  }
}
