package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.BackupManifest;
import io.liferaft.backup.BackupOutcome.Result;
import io.liferaft.backup.BackupStatus.State;
import io.liferaft.objectstore.Backoff;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeDatabase;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.ManualClock;
import io.liferaft.support.PackageLog;
import io.liferaft.support.Waiting;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class BackupSchedulerTests {

  private static final String S3 = "s3://bucket/db.sqlite.gz";
  private static final RestoreRecord OVER =
      new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 0);

  @RegisterExtension final PackageLog output = new PackageLog();
  private final ManualClock clock = new ManualClock();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final FakeRaftNode node = new FakeRaftNode().restored(OVER);
  private FakeArchive archive = new FakeArchive(S3);
  private BackupScheduler scheduler = scheduler(Duration.ofSeconds(20));

  @BeforeEach
  void lead() {
    node.listen(event -> scheduler.on(event));
    node.lead();
  }

  @AfterEach
  void stop() {
    scheduler.stop();
  }

  // --- when nothing is done ---

  @Test
  void doesNothingWhileAnotherNodeLeads() {
    node.write("a").leader("n2");

    assertThat(scheduler.tick().result()).isEqualTo(Result.SKIPPED);

    assertThat(archive.calls()).isZero();
    assertThat(scheduler.status().state()).isEqualTo(State.STANDBY);
    assertThat(counted("liferaft.backup.checks")).isZero();
  }

  @Test
  void doesNothingBeforeTheRestoreHasEnded() {
    node.restored(new RestoreRecord.Begun(3, S3));

    scheduler.tick();

    assertThat(archive.calls()).isZero();
    assertThat(node.copies()).isZero();
    assertThat(scheduler.status().state()).isEqualTo(State.STANDBY);
  }

  @Test
  void backsNothingUpBeforeTheFirstWrite() {
    scheduler.tick();

    assertThat(archive.calls()).isZero();
    assertThat(scheduler.status().state()).isEqualTo(State.WAITING);
  }

  @Test
  void neitherAsksNorCopiesWhenNothingChanged() {
    node.write("a");
    scheduler.tick();
    scheduler.tick();
    int calls = archive.calls();
    int copies = node.copies();

    for (int i = 0; i < 5; i++) {
      assertThat(scheduler.tick().result()).isEqualTo(Result.SKIPPED);
    }

    assertThat(archive.calls()).isEqualTo(calls);
    assertThat(node.copies()).isEqualTo(copies);
    assertThat(unchanged("index")).isEqualTo(6);
    assertThat(counted("liferaft.backup.checks")).isEqualTo(7);
    assertThat(counted("liferaft.backup.copies")).isEqualTo(1);
    assertThat(counted("liferaft.backup.copies.failed")).isZero();
    assertThat(unchanged("object")).as("looked at again by who has written it").isZero();
    assertThat(registry.get("liferaft.backup.last.bytes").gauge().value())
        .isEqualTo(node.database().length);
  }

  private double counted(String name) {
    return registry.get(name).counter().count();
  }

  private double unchanged(String by) {
    return registry.get("liferaft.backup.unchanged").tag("by", by).counter().count();
  }

  @Test
  void countsAnObjectThatANewLeaderRecognises() {
    node.write("a");
    record("g1", node.state().changeIndex(), archive.place(ofNow(), node.database()).etag(), 1);
    for (int i = 0; i < 3; i++) {
      scheduler.tick();
    }
    assertThat(unchanged("object")).isEqualTo(1);
    assertThat(unchanged("index")).isEqualTo(2);

    node.leader("n2");
    scheduler.tick();
    node.lead();
    node.announce();
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 1);
    scheduler.tick();
    assertThat(registry.get("liferaft.backup.look.failures").counter().count()).isEqualTo(1);
    clock.advance(Duration.ofMinutes(10));
    scheduler.tick();

    assertThat(unchanged("object")).isEqualTo(2);
    assertThat(unchanged("index")).isEqualTo(2);
    assertThat(archive.calls(Call.WRITE)).isZero();
  }

  private BackupManifest ofNow() {
    return manifest("cluster-a", "g1", 1, node.state().changeIndex());
  }

  @Test
  void uploadsNothingAfterARestoreUntilTheFirstWrite() {
    byte[] restored = FakeDatabase.holding("restored");
    String etag = archive.place(manifest("cluster-a", "g0", 90, 700), restored).etag();
    node.write(restored);
    record("g1", node.state().changeIndex(), etag, node.term());

    scheduler.tick();
    scheduler.tick();
    assertThat(archive.calls(Call.WRITE)).isZero();
    assertThat(node.copies()).isZero();

    node.write("more");
    scheduler.tick();
    assertThat(archive.calls(Call.WRITE)).isEqualTo(1);
    assertThat(archive.preserved()).isEmpty();
    assertThat(recorded().term()).isEqualTo(node.term());
  }

  // --- what is done ---

  @Test
  void uploadsWhatChangedWithAllThatIsKnownOfIt() {
    node.write("a");

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    BackupManifest manifest = archive.stored().orElseThrow().manifest();
    assertThat(archive.bytes()).isEqualTo(node.database());
    assertThat(manifest)
        .isEqualTo(
            new BackupManifest(
                "cluster-a",
                "g1",
                node.term(),
                node.state().changeIndex(),
                FakeDatabase.sha256(node.database()),
                node.database().length,
                false,
                node.database().length,
                List.of("n1=127.0.0.1:4002"),
                "3.54.1",
                null,
                clock.instant()));
    assertThat(recorded().etag()).isEqualTo(archive.stored().orElseThrow().etag());
    assertThat(recorded().changeIndex()).isEqualTo(node.state().changeIndex());
    assertThat(scheduler.status().lastTime()).isEqualTo(clock.instant());
    assertThat(registry.get("liferaft.backup.results").tag("result", "ok").counter().count())
        .isEqualTo(1);
    assertThat(registry.get("liferaft.backup.duration").timer().count()).isEqualTo(1);
    assertThat(registry.get("liferaft.backup.bytes").counter().count())
        .isEqualTo(node.database().length);
  }

  @Test
  void recordsEqualContentUnderANewIndexWithoutUploadingIt() {
    node.write("a");
    scheduler.tick();
    node.write("a");

    assertThat(scheduler.tick().result()).isEqualTo(Result.RECORDED);

    assertThat(archive.calls(Call.WRITE)).isEqualTo(1);
    assertThat(recorded().changeIndex()).isEqualTo(node.state().changeIndex());
  }

  @Test
  void looksOnceATermAndUploadsAgainWhatVanished() {
    node.write("a");
    scheduler.tick();
    scheduler.tick();
    archive.remove();
    assertThat(scheduler.tick().result()).isEqualTo(Result.SKIPPED);

    node.lead();

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(archive.stored()).isPresent();
  }

  @Test
  void uploadsNothingAgainAfterALeaderChangeOrRestart() {
    node.write("a");
    scheduler.tick();
    scheduler = scheduler(Duration.ofSeconds(20));
    node.lead();

    scheduler.tick();

    assertThat(archive.calls(Call.WRITE)).isEqualTo(1);
    assertThat(node.copies()).isEqualTo(1);
  }

  @Test
  void startsOverWhenTheCopyIsGivenUp() {
    node.write("a").revokeCopies(2);

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    assertThat(node.copies()).isEqualTo(3);
  }

  @Test
  void failsWhenTheCopyIsGivenUpWithoutEnd() {
    node.write("a").revokeCopies(100);

    assertThat(scheduler.tick().result()).isEqualTo(Result.FAILED);
  }

  @Test
  void startsOverWhenADatabaseIsLoadedMeanwhile() {
    node.write("a");
    archive.beforeVisible(once(() -> node.load("b")));

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("b"));
    assertThat(recorded().generation()).isEqualTo(node.state().generation());
  }

  // --- fencing ---

  @Test
  void makesNothingVisibleWhenAQuorumDoesNotConfirmIt() {
    node.write("a").quorum(false);

    assertThat(scheduler.tick().result()).isEqualTo(Result.SKIPPED);

    assertThat(archive.calls(Call.WRITE)).isEqualTo(1);
    assertThat(archive.stored()).isEmpty();
    assertThat(node.state().backups()).isEmpty();
    assertThat(output).doesNotContain("WARN");
  }

  @Test
  void recordsWithoutUploadingWhatALostRecordLeft() {
    node.write("a");
    node.failNextRecord(new CommitUnknownException("leader changed", null));
    assertThat(scheduler.tick().result()).isEqualTo(Result.SKIPPED);
    assertThat(node.state().backups()).isEmpty();
    scheduler = scheduler(Duration.ofSeconds(20));
    node.lead();

    assertThat(scheduler.tick().result()).isEqualTo(Result.RECORDED);

    assertThat(archive.calls(Call.WRITE)).isEqualTo(1);
    assertThat(archive.preserved()).isEmpty();
  }

  @Test
  void takesAnUploadOfOurOwnThatCameBetweenAsTheNewBase() {
    node.write("a");
    scheduler.tick();
    scheduler.tick();
    node.write("b");
    archive.beforeVisible(
        once(() ->
            archive.place(
                manifest("cluster-a", "g1", node.term(), node.state().changeIndex()),
                node.database())));

    assertThat(scheduler.tick().result()).isEqualTo(Result.RECORDED);

    assertThat(archive.preserved()).isEmpty();
    assertThat(recorded().etag()).isEqualTo(archive.stored().orElseThrow().etag());
  }

  @Test
  void stopsWhenSomebodyElsesUploadCameBetween() {
    node.write("a");
    scheduler.tick();
    scheduler.tick();
    node.write("b");
    archive.beforeVisible(once(() -> placeForeign()));

    assertThat(scheduler.tick().result()).isEqualTo(Result.STOPPED);
  }

  @Test
  void undoesWhatADeposedLeaderWroteLateToAStoreWithoutConditions() {
    archive.ignoreConditions();
    node.write("a");
    scheduler.tick();
    scheduler.tick();
    BackupManifest older = manifest("cluster-a", "g1", node.term(), node.state().changeIndex());
    node.write("b");
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    archive.place(older, FakeDatabase.holding("a"));
    int looks = archive.calls(Call.LATEST);
    assertThat(scheduler.tick().result()).isEqualTo(Result.SKIPPED);
    assertThat(archive.calls(Call.LATEST)).as("looks before it is time").isEqualTo(looks);

    clock.advance(PlaceSeen.STRAGGLER);

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(archive.bytes()).isEqualTo(node.database());
    assertThat(archive.preserved()).isEmpty();
    clock.advance(PlaceSeen.STRAGGLER);
    looks = archive.calls(Call.LATEST);
    scheduler.tick();
    assertThat(archive.calls(Call.LATEST)).as("looks of a term come to an end").isEqualTo(looks);
  }

  @Test
  void cleansUpOnceATermAndAfterAFailedUpload() {
    node.write("a");
    scheduler.tick();
    node.write("b");
    scheduler.tick();
    assertThat(archive.calls(Call.SWEEP)).isEqualTo(1);

    node.write("c");
    archive.failNext(Call.WRITE, Reason.UNAVAILABLE, 1);
    scheduler.tick();
    clock.advance(Duration.ofMinutes(2));
    archive.failNext(Call.SWEEP, Reason.ACCESS_DENIED, 1);
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(archive.calls(Call.SWEEP)).isEqualTo(2);

    node.lead();
    node.write("d");
    scheduler.tick();
    assertThat(archive.calls(Call.SWEEP)).isEqualTo(3);
  }

  // --- other people's data ---

  @Test
  void preservesAForeignObjectOnceBeforeReplacingIt() {
    placeForeign();
    node.write("a");
    archive.failNext(Call.WRITE, Reason.UNAVAILABLE, 1);

    scheduler.tick();
    clock.advance(Duration.ofMinutes(2));
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    assertThat(archive.preserved()).hasSize(1);
    assertThat(archive.bytes()).isEqualTo(node.database());
    assertThat(output).containsOnlyOnce("was not written by this cluster");
  }

  @Test
  void uploadsAlthoughAnOlderClustersObjectHasTheSameIndexAndContent() {
    node.write("a");
    archive.place(
        manifest("cluster-b", "g1", node.term(), node.state().changeIndex()), node.database());

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    assertThat(archive.stored().orElseThrow().manifest().clusterId()).isEqualTo("cluster-a");
    assertThat(archive.preserved()).hasSize(1);
  }

  @Test
  void looksAgainWhenAForeignObjectIsReplacedWhileItIsPreserved() {
    placeForeign();
    node.write("a");
    archive.failNext(Call.PRESERVE, Reason.PRECONDITION_FAILED, 1);

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    assertThat(archive.calls(Call.LATEST)).isEqualTo(2);
    assertThat(archive.preserved()).hasSize(1);
  }

  @Test
  void doesNotTouchAForeignObjectWithoutAQuorum() {
    placeForeign();
    node.write("a").quorum(false);

    scheduler.tick();

    assertThat(archive.calls(Call.PRESERVE)).isZero();
  }

  @Test
  void stopsWhenTwoClustersShareTheTargetUntilAnOperatorDecides() {
    node.write("a");
    scheduler.tick();
    placeForeign();

    assertThat(scheduler.tick().result()).isEqualTo(Result.STOPPED);
    node.write("b");
    scheduler.tick();
    node.lead();
    scheduler.tick();

    assertThat(archive.calls(Call.WRITE)).isEqualTo(1);
    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("foreign"));
    assertThat(scheduler.status().state()).isEqualTo(State.STOPPED);
    assertThat(scheduler.status().problem()).contains("two live clusters share the target");
    assertThat(output).containsOnlyOnce("two live clusters");
    assertThat(registry.get("liferaft.backup.results").tag("result", "stopped").counter().count())
        .isEqualTo(1);

    assertThat(scheduler.backUpNow().result()).isEqualTo(Result.OK);
    assertThat(archive.preserved()).hasSize(1);
    assertThat(scheduler.status().problem()).isNull();

    placeForeign();
    node.lead();
    assertThat(scheduler.tick().result()).isEqualTo(Result.STOPPED);
  }

  @Test
  void anEmptyDatabaseNeverReplacesABackupThatHoldsData() {
    node.write("a");
    scheduler.tick();
    scheduler.tick();
    node.write(FakeDatabase.empty());

    assertThat(scheduler.tick().result()).isEqualTo(Result.REFUSED);
    int copies = node.copies();
    scheduler.tick();

    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("a"));
    assertThat(node.copies()).isEqualTo(copies);
    assertThat(scheduler.status().problem()).contains("empty").contains(S3);
    assertThat(scheduler.status().state()).isEqualTo(State.FAILING);
    assertThat(output).containsOnlyOnce("The database is empty");

    assertThat(scheduler.backUpNow().result()).isEqualTo(Result.REFUSED);
    node.write("b");
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(scheduler.status().problem()).isNull();
  }

  @Test
  void keepsTheBackupOfAnEarlierGenerationWhenADatabaseWasLoaded() {
    node.write("a");
    scheduler.tick();
    node.load("b");

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    assertThat(archive.preserved()).hasSize(1);
    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("b"));
    assertThat(output).doesNotContain("WARN");
  }

  /**
   * Its own earlier generations are restore points like others; somebody else's last one is not.
   */
  @Test
  void inAnArchiveOnlyWhatIsNotItsOwnIsKeptFromTheRetention() {
    archive.holdsMany(null);
    placeForeign();
    node.write("a");
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(archive.preserved()).hasSize(1);
    assertThat(output).containsOnlyOnce("is not in this cluster's log (its cluster is cluster-b)");

    node.load("b");
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    assertThat(archive.preserved()).hasSize(1);
    assertThat(output).containsOnlyOnce("WARN");
  }

  // --- failures ---

  @Test
  void retriesWithBackoffAndWarnsOncePerCause() {
    node.write("a");
    archive.failNext(Call.LATEST, Reason.ACCESS_DENIED, 3);
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 1);

    for (int i = 0; i < 4; i++) {
      assertThat(scheduler.tick().result()).isEqualTo(Result.FAILED);
      assertThat(scheduler.tick().detail()).contains("waits");
      assertThat(scheduler.status().state()).isEqualTo(State.FAILING);
      clock.advance(Duration.ofMinutes(2));
    }

    assertThat(output.toString().split("WARN", -1)).as("one warning a cause").hasSize(3);
    assertThat(output).contains("ACCESS_DENIED at " + S3).contains("UNAVAILABLE at " + S3);
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(scheduler.status().problem()).isNull();
    assertThat(output).contains("succeed again after 4 failed attempts");
  }

  @Test
  void waitsLongerAfterEachFailureAndNeverMoreThanAMinute() {
    Random random = new Random(7);

    for (int failures = 1; failures < 100; failures++) {
      long most = failures > 6 ? 60_000 : 1_000L << (failures - 1);
      assertThat(Backoff.after(failures, random).toMillis()).isBetween(most / 2, most);
    }
  }

  @Test
  void looksAgainAfterAFailedUploadThatMayHaveTakenEffect() {
    node.write("a");
    archive.beforeVisible(
        once(() -> {
          archive.place(
              manifest("cluster-a", "g1", node.term(), node.state().changeIndex()),
              node.database());
          throw new io.liferaft.objectstore.ObjectStoreException(
              Reason.UNAVAILABLE, "the answer was lost", null);
        }));

    assertThat(scheduler.tick().result()).isEqualTo(Result.FAILED);
    clock.advance(Duration.ofMinutes(2));

    assertThat(scheduler.tick().result()).isEqualTo(Result.RECORDED);
    assertThat(archive.calls(Call.WRITE)).isEqualTo(1);
  }

  @Test
  void aDatabaseThatTheDiskHasDamagedReplacesNoGoodBackup() {
    node.write("a");
    scheduler.tick();
    node.write("damaged").checked("Tree 2 page 3: btreeInitPage() returns error code 11");

    for (int i = 0; i < 2; i++) {
      assertThat(scheduler.tick().result()).isEqualTo(Result.FAILED);
      clock.advance(Duration.ofMinutes(2));
    }

    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("a"));
    assertThat(scheduler.status().problem()).contains("is damaged", "btreeInitPage");
    assertThat(output).containsOnlyOnce("WARN");

    node.checked("ok");
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("damaged"));
  }

  // --- directories ---

  @Test
  void aLoneNodeMakesItsDirectory() {
    useDirectory();
    archive.directoryMissing(true);
    node.write("a");

    archive.directoryMissing(true);
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);

    assertThat(archive.marker()).contains("cluster-a");
  }

  /** It may be a file system that is not mounted. */
  @Test
  void aLoneNodeDoesNotMakeTheDirectoryAgainThatItHasBackedUpTo() {
    useDirectory();
    node.write("a");
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    archive.remove();
    archive.removeMarker();
    archive.directoryMissing(true);
    node.write("b");
    clock.advance(Duration.ofMinutes(10));

    assertThat(scheduler.tick().result()).isEqualTo(Result.FAILED);

    assertThat(archive.marker()).isEmpty();
    assertThat(scheduler.status().problem()).contains("mount it again, or, if it is lost for good");

    archive.directoryMissing(false);
    clock.advance(Duration.ofMinutes(10));
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(archive.marker()).contains("cluster-a");
  }

  @Test
  void severalNodesDoNotMakeAMissingDirectory() {
    useDirectory();
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003", "n3=127.0.0.1:4004").write("a");
    archive.directoryMissing(true);

    assertThat(scheduler.tick().result()).isEqualTo(Result.FAILED);

    assertThat(archive.marker()).isEmpty();
  }

  @Test
  void aDirectoryWithoutTheMarkerIsNotTheSharedOne() {
    useDirectory();
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003", "n3=127.0.0.1:4004").write("a");
    scheduler.tick();
    archive.remove();
    archive.removeMarker();
    node.lead();

    assertThat(scheduler.tick().result()).isEqualTo(Result.FAILED);

    assertThat(archive.stored()).isEmpty();
    assertThat(scheduler.status().problem()).contains("one directory that all of them share");
  }

  @Test
  void aDirectoryThatLosesItsMarkerBetweenTwoBackupsIsNotMarkedAnew() {
    useDirectory();
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003", "n3=127.0.0.1:4004").write("a");
    scheduler.tick();
    clock.advance(Duration.ofMinutes(10));
    scheduler.tick();
    node.write("b");
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    archive.remove();
    archive.removeMarker();
    node.write("c");

    assertThat(scheduler.tick().result()).isEqualTo(Result.FAILED);

    assertThat(archive.stored()).isEmpty();
    assertThat(archive.marker()).isEmpty();
    assertThat(scheduler.status().problem()).contains("one directory that all of them share");
  }

  // --- life cycle ---

  @Test
  void makesALastBackupOnACleanStop() {
    node.write("a");
    scheduler.start();
    Waiting.await("a backup").until(() -> archive.stored().isPresent());
    // Past the round that looks again after the first upload of the term.
    Waiting.await("the round after the first").until(() -> scheduler.status().next() != null);
    node.write("b");

    scheduler.stop();

    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("b"));
  }

  /** Though its reason was told long before. */
  @Test
  void saysWhatIsInNoBackupWhenTheLastOneFails() {
    node.write("a");
    archive.failNext(Call.WRITE, Reason.ACCESS_DENIED, 1000);
    scheduler.start();
    Waiting.await("a failure").until(() -> scheduler.status().problem() != null);

    scheduler.stop();

    assertThat(output)
        .contains("WARN This node stops with changes up to index " + node.state().changeIndex())
        .contains("in no backup at " + archive.location());
  }

  @Test
  void aFollowerThatStopsWaitsForTheLeadersBackup() throws InterruptedException {
    node.members("n1=127.0.0.1:1", "n2=127.0.0.1:2").write("a").leader("n2");
    scheduler.start();

    Thread stopping = Thread.ofVirtual().start(scheduler::stop);
    assertThat(stopping.join(Duration.ofMillis(400))).isFalse();
    node.leaderRecorded(recordOf("g1", node.state().changeIndex(), "etag", node.term()));

    assertThat(stopping.join(Duration.ofSeconds(10))).isTrue();
    assertThat(archive.calls(Call.WRITE)).isZero();
  }

  @Test
  void aFollowerWithNothingToBackUpStopsAtOnce() throws InterruptedException {
    node.leader("n2");
    scheduler.start();

    Thread stopping = Thread.ofVirtual().start(scheduler::stop);

    assertThat(stopping.join(Duration.ofSeconds(5))).isTrue();
  }

  @Test
  void stopsWithoutALastBackupWhenItTakesTooLong() {
    scheduler = scheduler(Duration.ofMillis(50));
    node.announce();
    node.write("a");
    CountDownLatch never = new CountDownLatch(1);
    AtomicReference<@Nullable Throwable> interrupted = new AtomicReference<>();
    archive.beforeVisible(() -> {
      try {
        never.await();
      } catch (InterruptedException e) {
        interrupted.set(e);
        throw new IllegalStateException(e);
      }
    });
    scheduler.start();
    Waiting.await("an upload has begun").until(() -> archive.calls(Call.WRITE) == 1);

    scheduler.stop();

    Waiting.await("the upload is interrupted").until(() -> interrupted.get() != null);
    Waiting.await("the thread's last words").until(() -> output.toString().contains("is retried"));
    assertThat(archive.calls(Call.WRITE)).as("no other one is begun").isEqualTo(1);
    assertThat(archive.stored()).isEmpty();
  }

  @Test
  void prunesAfterARound() {
    node.write("a");
    scheduler.start();
    Waiting.await("the first round").until(() -> scheduler.status().next() != null);
    assertThat(archive.calls(Call.PRUNE)).isZero();

    clock.advance(Duration.ofHours(1));
    node.announce();

    Waiting.await("a prune").until(() -> archive.calls(Call.PRUNE) == 1);
  }

  /** An idle cluster that has written nothing yet would warn of the missing pointer each time. */
  @Test
  void prunesNothingWhereNothingWasBackedUp() {
    node.restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 1));
    scheduler.start();

    for (int rounds = 1; rounds <= 3; rounds++) {
      int wanted = rounds;
      Waiting.await("a round").until(() -> scheduler.count(Result.SKIPPED) >= wanted);
      clock.advance(Duration.ofHours(1));
      node.announce();
    }

    assertThat(scheduler.tick().detail()).contains("Nothing has been written yet");
    assertThat(archive.calls(Call.PRUNE)).isZero();
  }

  // --- copies that another node's are held against ---

  @Test
  void backsUpTheCopyThatAnotherNodeHoldsItsOwnAgainst() {
    node.write("a");
    scheduler.tick();
    node.write("held against");
    long at = node.state().changeIndex();
    node.keepCopy();
    node.write("what comes after it");

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(recorded().changeIndex()).isEqualTo(at);
    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("held against"));

    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("what comes after it"));
  }

  /** What an operator asks for, and the last one, hold everything. */
  @Test
  void backsUpWhatIsNewWhenItHasTo() {
    node.write("held against");
    node.keepCopy();
    node.write("newer");

    assertThat(scheduler.backUpNow().result()).isEqualTo(Result.OK);
    assertThat(archive.bytes()).isEqualTo(FakeDatabase.holding("newer"));

    node.keepCopy();
    node.load("another database");
    assertThat(scheduler.tick().result()).isEqualTo(Result.OK);
    assertThat(archive.bytes())
        .as("of the generation that is over")
        .isEqualTo(FakeDatabase.holding("another database"));
  }

  @Test
  void makesTheBackupAtOnce() {
    node.write("a");
    scheduler.start();
    try {
      Waiting.await("the first round").until(() -> archive.calls(Call.WRITE) == 1);
      node.write("held against");
      node.keepCopy();
      Waiting.await("the next, long before the interval")
          .until(() -> archive.calls(Call.WRITE) == 2);
    } finally {
      scheduler.stop();
    }
  }

  @Test
  void saysOnceThatNothingIsBackedUp() {
    BackupScheduler off =
        new BackupScheduler(
            TargetRole.FIRST,
            properties(Duration.ofSeconds(20)),
            null,
            node,
            clock,
            new Random(1),
            new BackupMetrics(registry, TargetRole.FIRST),
            new CopySource(node, null, null));

    off.start();
    off.stop();

    assertThat(output).containsOnlyOnce("WARN").contains("liferaft.backup.target");
    assertThat(off.status().state()).isEqualTo(State.OFF);
  }

  @Test
  void tellsAgeAndLag() {
    node.write("a");
    BackupGauges gauges =
        new BackupGauges(
            scheduler,
            new SecondTarget(null),
            new BackupPreflight(false, "", null, clock),
            node,
            clock);
    assertThat(gauges.ageSeconds(scheduler)).isNaN();
    scheduler.tick();
    clock.advance(Duration.ofSeconds(90));
    long recorded = node.state().changeIndex();
    node.write("b");

    assertThat(gauges.ageSeconds(scheduler)).isEqualTo(90);
    assertThat(gauges.changeLag(scheduler))
        .isEqualTo((double) (node.state().changeIndex() - recorded));
  }

  private void useDirectory() {
    archive = new FakeArchive("file:/backups/db.sqlite.gz");
    scheduler = scheduler(Duration.ofSeconds(20));
    node.announce();
  }

  private BackupScheduler scheduler(Duration onStopTimeout) {
    return new BackupScheduler(
        TargetRole.FIRST,
        properties(onStopTimeout),
        archive,
        node,
        clock,
        new Random(1),
        new BackupMetrics(registry, TargetRole.FIRST),
        new CopySource(node, null, null));
  }

  private static BackupProperties properties(Duration onStopTimeout) {
    return new BackupProperties(
        S3,
        "",
        Duration.ofSeconds(10),
        "plain",
        true,
        false,
        false,
        onStopTimeout,
        Duration.ZERO,
        false,
        "",
        BackupConfigurationTests.RETENTION);
  }

  private BackupRecord recorded() {
    BackupRecord recorded = node.state().backups().get(archive.fingerprint());
    assertThat(recorded).isNotNull();
    return java.util.Objects.requireNonNull(recorded);
  }

  private void record(String generation, long index, String etag, long term) {
    node.recordBackup(recordOf(generation, index, etag, term));
  }

  private BackupRecord recordOf(String generation, long index, String etag, long term) {
    return new BackupRecord(
        archive.fingerprint(),
        generation,
        index,
        FakeDatabase.sha256(node.database()),
        node.database().length,
        etag,
        null,
        term,
        clock.millis());
  }

  private void placeForeign() {
    archive.place(manifest("cluster-b", "g1", 1, 5), FakeDatabase.holding("foreign"));
  }

  private BackupManifest manifest(String clusterId, String generation, long term, long index) {
    return new BackupManifest(
        clusterId,
        generation,
        term,
        index,
        FakeDatabase.sha256(node.database()),
        1,
        false,
        List.of(),
        null,
        null,
        clock.instant());
  }

  private static Runnable once(Runnable action) {
    AtomicReference<@Nullable Runnable> next = new AtomicReference<>(action);
    return () -> {
      Runnable now = next.getAndSet(null);
      if (now != null) {
        now.run();
      }
    };
  }
}
