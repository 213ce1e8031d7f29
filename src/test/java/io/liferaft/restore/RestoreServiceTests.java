package io.liferaft.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.NoSuchPointException;
import io.liferaft.archive.RestorePoint;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.RestoreRecord.Outcome;
import io.liferaft.restore.RestoreProperties.OnFailure;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeArchives;
import io.liferaft.support.FakeDatabase;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.ManualClock;
import io.liferaft.support.PackageLog;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.health.contributor.Health;

class RestoreServiceTests {

  private static final String S3 = "s3://bucket/db.sqlite.gz";
  private static final String LONG_TEXT = "x".repeat(2000);

  @RegisterExtension final PackageLog output = new PackageLog();
  @TempDir Path dataDir;

  private final ManualClock clock = new ManualClock();
  private final FakeRaftNode node = new FakeRaftNode();
  private final FakeArchives archives = new FakeArchives();
  private final FakeArchive archive = archives.open(S3, true);
  private final List<RestoreState> states = new ArrayList<>();
  private RestoreAttempt.DatabaseCheck check = file -> false;
  private String backupTarget = S3;
  private @Nullable String second;
  private RestoreService service;

  @BeforeEach
  void listen() {
    service = service(OnFailure.HOLD, S3);
    node.listen(event -> service.on(event));
  }

  // --- nothing to decide here ---

  @Test
  void skipsWithoutAnyNetworkWhenTheClusterHasData() {
    node.write("a").lead();

    assertThat(service.step()).isZero();

    assertThat(service.state()).isEqualTo(new RestoreState.Done("skipped"));
    assertThat(archives.calls()).isZero();
    assertThat(node.probed()).isEmpty();
  }

  @Test
  void skipsWithoutAnyNetworkWhenTheRestoreHasEnded() {
    node.restored(new RestoreRecord.Ended(Outcome.NOTHING_THERE, 1)).lead();
    archive.place(manifest(List.of()), FakeDatabase.holding("a"));

    assertThat(service.step()).isZero();

    assertThat(service.state()).isEqualTo(new RestoreState.Done("nothing-there"));
    assertThat(archives.calls()).isZero();
  }

  @Test
  void waitsForALeader() {
    service.step();

    assertThat(service.state()).isEqualTo(new RestoreState.Waiting("no leader is known"));
    assertThat(archives.calls()).isZero();
  }

  @Test
  void downloadsNothingWhenAnotherNodeLeads() {
    place();
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").leader("n2");

    service.step();

    assertThat(service.state()).isEqualTo(new RestoreState.Following("n2"));
    assertThat(archives.calls()).isZero();
  }

  @Test
  void asksNobodyBeforeTheClusterIsFormed() {
    place();
    node.lead().formed(false);

    service.step();

    assertThat(service.state()).isInstanceOf(RestoreState.Waiting.class);
    assertThat(archives.calls()).isZero();
  }

  @Test
  void asksNobodyWhileThisNodeIsOpening() {
    place();
    node.lead().phase(NodeStatus.Phase.OPENING);

    service.step();

    assertThat(service.state()).isInstanceOf(RestoreState.Waiting.class);
    assertThat(archives.calls()).isZero();
  }

  // --- ways to end ---

  @Test
  void isOverAtTheMomentThatReadinessIs() {
    place();
    node.lead();

    service.step();

    assertThat(
            new RestoreHealthIndicator(
                    node, service::state, service::lastFailure, () -> null, () -> null)
                .health(true))
        .isEqualTo(
            Health.up().withDetail("state", "done").withDetail("outcome", "restored").build());
  }

  @Test
  void restoresWhatIsThere() {
    place();
    node.lead();

    service.step();
    assertThat(service.step()).isZero();

    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
    assertThat(service.state()).isEqualTo(new RestoreState.Done("restored"));
    assertThat(states.stream().map(RestoreDetails::name).distinct())
        .containsExactly("looking", "downloading", "verifying", "loading");
    assertThat(dataDir.resolve("restore")).doesNotExist();
    assertThat(output)
        .containsOnlyOnce("Downloading the backup: 10 % of")
        .containsOnlyOnce("Downloading the backup: 100 % of")
        .containsOnlyOnce("Loading the database: 100 % of")
        .containsOnlyOnce("Verifying the database")
        .containsOnlyOnce("Restored from " + S3);
    RestoreCounts counts = service.counts();
    assertThat(counts.restored.sum()).isEqualTo(1);
    assertThat(counts.followed.sum()).isZero();
    assertThat(counts.downloaded.sum()).isEqualTo(1);
    assertThat(counts.downloadedBytes.sum()).isEqualTo(archive.bytes().length);
    assertThat(counts.downloadsFailed.sum() + counts.failed.sum()).isZero();
    assertThat(service.restored())
        .isEqualTo(
            new Restored(
                S3,
                archive.fingerprint(),
                "key",
                700,
                Instant.parse("2026-01-01T00:00:00Z"),
                FakeDatabase.sha256(archive.bytes()),
                List.of()));
  }

  @Test
  void countsDownloadsThatFail() {
    place();
    node.lead();
    archive.corrupt(true);

    service.step();

    assertThat(service.counts().downloadsFailed.sum()).isEqualTo(1);
    assertThat(service.counts().failed.sum()).isEqualTo(1);
    assertThat(service.counts().downloaded.sum() + service.counts().restored.sum()).isZero();
  }

  @Test
  void countsARestoreThatAnotherNodeMade() {
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").leader("n2");
    service.step();
    node.restored(new RestoreRecord.Ended(Outcome.RESTORED, 1));

    assertThat(service.step()).isZero();

    assertThat(service.counts().followed.sum()).isEqualTo(1);
    assertThat(service.counts().restored.sum()).isZero();
  }

  @Test
  void keepsTheLineageAndRecordsTheBackupInTheSameEntry() {
    String etag = place();
    node.lead();

    service.step();

    assertThat(node.state().clusterId()).isEqualTo("cluster-old");
    BackupRecord recorded =
        Objects.requireNonNull(node.state().backups().get(archive.fingerprint()));
    assertThat(recorded.etag()).isEqualTo(etag);
    assertThat(recorded.changeIndex()).isEqualTo(node.state().changeIndex());
    // The old cluster's term, 99, would stand above every record of this one.
    assertThat(recorded.term()).isLessThanOrEqualTo(node.term());
    assertThat(Instant.ofEpochMilli(recorded.timeMillis())).isEqualTo("2026-01-01T00:00:00Z");
  }

  @Test
  void recordsNoBackupWhenItComesFromElsewhere() {
    archives
        .open("s3://other/db.sqlite", true)
        .place(manifest(List.of()), FakeDatabase.holding("a"));
    service = service(OnFailure.HOLD, "s3://other/db.sqlite");
    node.lead();

    service.step();

    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Ended.class);
    assertThat(node.state().backups()).isEmpty();
  }

  @Test
  void marksTheDirectoryThatBackupsGoToAsTheSharedOne() {
    String directory = "file:/backups/db.sqlite.gz";
    archives.open(directory, true).place(manifest(List.of()), FakeDatabase.holding("a"));
    backupTarget = directory;
    service = service(OnFailure.HOLD, directory);
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();

    service.step();

    assertThat(node.state().backups()).hasSize(1);
    assertThat(archives.open(directory, true).marker()).contains("cluster-old");
  }

  @Test
  void downloadsOnceWhenLoadingFails() {
    byte[] database = FakeDatabase.holding(LONG_TEXT);
    archive.place(manifest(FakeDatabase.sha256(database), List.of()), database);
    node.lead();
    node.duringLoad(bytes -> {
      node.duringLoad(more -> {});
      throw new IllegalStateException("disk full");
    });

    service.step();
    assertThat(failed().reason()).contains("disk full");
    clock.advance(Duration.ofMinutes(2));
    service.step();

    assertThat(node.database()).isEqualTo(database);
    assertThat(archive.calls(Call.FETCH)).isEqualTo(1);
  }

  @Test
  void startsEmptyWhenTheStoreSaysThatNothingIsThere() {
    node.lead();

    service.step();
    service.step();

    assertThat(service.state()).isEqualTo(new RestoreState.Done("nothing-there"));
    assertThat(archive.calls(Call.FETCH)).isZero();
  }

  @Test
  void endsAtOnceWhenRestoreIsOff() {
    service = service(OnFailure.HOLD, null);
    node.lead();

    service.step();
    service.step();

    assertThat(service.state()).isEqualTo(new RestoreState.Done("disabled"));
    assertThat(archives.calls()).isZero();
  }

  @Test
  void aLoneNodesMissingDirectoryHoldsNothingYet() {
    service = service(OnFailure.HOLD, "file:/backups/db.sqlite.gz");
    archives.open("file:/backups/db.sqlite.gz", true).directoryMissing(true);
    node.lead();

    service.step();

    assertThat(node.state().restore()).isEqualTo(new RestoreRecord.Ended(Outcome.NOTHING_THERE, 0));
  }

  @Test
  void aPointThatNoBackupFitsIsNoFaultOfTheStore() {
    place();
    archive.failNext(Call.LATEST, new NoSuchPointException("the oldest is of yesterday"));
    node.lead();

    service.step();

    assertThat(failed().reason())
        .isEqualTo(
            S3
                + " has no backup for liferaft.restore.point: correct it, or remove it to restore the newest (the oldest is of yesterday)");
  }

  @Test
  void aMissingDirectoryOfSeveralNodesIsAFailure() {
    service = service(OnFailure.HOLD, "file:/backups/db.sqlite.gz");
    archives.open("file:/backups/db.sqlite.gz", true).directoryMissing(true);
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();

    service.step();

    assertThat(failed().reason()).contains("does not exist: create or mount it");
  }

  // --- failures ---

  @ParameterizedTest
  @CsvSource({
    "ACCESS_DENIED, s3:ListBucket",
    "NO_SUCH_BUCKET, does not exist",
    "NOT_FOUND, delete marker",
    "UNAVAILABLE, cannot be reached or does not answer in time",
    "CONFIGURATION, spring.cloud.aws",
    "PRECONDITION_FAILED, was replaced while it was read"
  })
  void holdsWithASentenceWhateverTheStoreRefuses(Reason reason, String sentence) {
    place();
    archive.failNext(Call.LATEST, reason, 4);
    node.lead();

    for (int attempt = 1; attempt <= 4; attempt++) {
      service.step();
      assertThat(failed().reason()).contains(sentence).contains(S3);
      assertThat(failed().attempts()).isEqualTo(attempt);
      assertThat(failed().next()).isAfter(clock.instant());
      int calls = archives.calls();
      service.step();
      assertThat(archives.calls()).isEqualTo(calls);
      clock.advance(Duration.ofMinutes(2));
    }

    assertThat(output).containsOnlyOnce("WARN");
    service.step();
    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
  }

  @Test
  void holdsWhenTheBackupIsDamaged() {
    place();
    archive.corrupt(true);
    node.lead();

    service.step();

    assertThat(failed().reason()).contains("is damaged").contains(S3);
    assertThat(node.databaseEmpty()).isTrue();

    archive.corrupt(false);
    List<String> told = new ArrayList<>();
    archive.duringFetch(bytes -> told.add(String.valueOf(service.lastFailure())));
    clock.advance(Duration.ofMinutes(2));
    service.step();
    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Ended.class);
    assertThat(told).isNotEmpty().allMatch(failure -> failure.contains("is damaged"));
  }

  @Test
  void takesTheNextOlderOneLoudlyWhenTheNewestIsDamaged() {
    place();
    archive.corrupt(true);
    archive.placeOlder(manifest(List.of()), FakeDatabase.holding("older"));
    node.lead();

    service.step();
    assertThat(service.step()).isZero();

    assertThat(service.state()).isEqualTo(new RestoreState.Done("restored"));
    assertThat(node.database()).isEqualTo(FakeDatabase.holding("older"));
    assertThat(node.state().backups()).as("so that it is backed up anew").isEmpty();
    Restored restored = Objects.requireNonNull(service.restored());
    assertThat(restored.backup()).isEqualTo("older");
    assertThat(restored.passedOver())
        .singleElement()
        .satisfies(damaged -> {
          assertThat(damaged.backup()).isEqualTo("key");
          assertThat(damaged.created()).isEqualTo("2026-01-01T00:00:00Z");
          assertThat(damaged.reason()).contains("is damaged").contains(S3);
        });
    assertThat(output)
        .containsOnlyOnce("WARN")
        .contains("The backup at " + S3 + ", object key is damaged: ")
        .contains("The next older one is taken, older of 2025-01-01T00:00:00Z");
  }

  @Test
  void holdsWhenTheOlderOneIsNoDatabaseEither() {
    check =
        file -> {
          throw new SqliteException.InvalidDatabase("file is not a database", null);
        };
    service = service(OnFailure.HOLD, S3);
    place();
    archive.corrupt(true);
    archive.placeOlder(manifest(List.of()), FakeDatabase.holding("older"));
    node.lead();

    service.step();

    assertThat(failed().reason())
        .as("the newest one's")
        .contains(S3 + ", object key is damaged")
        .contains("or name one as liferaft.restore.source");
    assertThat(node.databaseEmpty()).isTrue();
    assertThat(archive.calls(FakeArchive.Call.FETCH)).isEqualTo(2);

    clock.advance(Duration.ofMinutes(2));
    service.step();
    assertThat(archive.calls(FakeArchive.Call.FETCH)).isEqualTo(4);
    assertThat(output).containsOnlyOnce("The next older one is taken");
  }

  @Test
  void asksTheMembersOfTheOlderOne() {
    place();
    archive.corrupt(true);
    archive.placeOlder(manifest(List.of("n9=10.0.0.9:4002")), FakeDatabase.holding("older"));
    node.answer("10.0.0.9:4002", true, "cluster-old");
    node.lead();

    service.step();

    assertThat(failed().reason()).contains("10.0.0.9:4002");
    assertThat(node.databaseEmpty()).isTrue();
  }

  @Test
  void holdsWhenTheBackupIsNoDatabase() {
    check =
        file -> {
          throw new SqliteException.InvalidDatabase("file is not a database", null);
        };
    service = service(OnFailure.HOLD, S3);
    place();
    node.lead();

    service.step();

    assertThat(failed().reason()).contains("no sound SQLite database").contains(S3);
    assertThat(node.databaseEmpty()).isTrue();
    assertThat(dataDir.resolve("restore")).doesNotExist();
  }

  @Test
  void holdsWhenTheBackupVanishedAfterTheRestoreBegan() {
    node.restored(new RestoreRecord.Begun(1, S3)).lead();

    service.step();

    assertThat(failed().reason()).contains("was there when the restore began and is gone");
  }

  @Test
  void startsEmptyLoudlyWhenThePolicySaysSo() {
    service = service(OnFailure.START_EMPTY, S3);
    place();
    archive.failNext(Call.LATEST, Reason.ACCESS_DENIED, 3);
    node.lead();

    service.step();
    clock.advance(Duration.ofMinutes(2));
    service.step();
    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Undecided.class);
    clock.advance(Duration.ofMinutes(2));
    service.step();
    service.step();

    assertThat(service.state()).isEqualTo(new RestoreState.Done("started-empty"));
    assertThat(output).containsOnlyOnce("ERROR").contains("starts EMPTY");
  }

  @Test
  void holdsWhenAFormerMemberIsAliveWithData() {
    archive.place(
        manifest(List.of("n1=127.0.0.1:4002", "old=10.0.0.9:4002")), FakeDatabase.holding("a"));
    node.answer("10.0.0.9:4002", true, "cluster-old");
    service = service(OnFailure.START_EMPTY, S3);
    node.lead();

    for (int i = 0; i < 5; i++) {
      service.step();
      clock.advance(Duration.ofMinutes(2));
    }

    assertThat(failed().reason()).contains("10.0.0.9:4002").contains("index 77");
    assertThat(node.probed()).containsOnly("10.0.0.9:4002");
    assertThat(archive.calls(Call.FETCH)).isZero();
    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Undecided.class);
  }

  @Test
  void onlyFailuresOfTheStoreOrBackupCountTowardsStartingEmpty() {
    archive.place(manifest(List.of("old=10.0.0.9:4002")), FakeDatabase.holding("a"));
    node.answer("10.0.0.9:4002", true, "cluster-old");
    service = service(OnFailure.START_EMPTY, S3);
    node.lead();

    for (int i = 0; i < 3; i++) {
      service.step();
      clock.advance(Duration.ofMinutes(2));
    }
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 2);
    service.step();
    clock.advance(Duration.ofMinutes(2));
    service.step();

    assertThat(failed().reason()).contains("cannot be reached");
    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Undecided.class);
  }

  @Test
  void goesOnWhenFormerMembersAreGoneFreshOrNodesOfThisCluster() {
    archive.place(
        manifest(List.of("a=10.0.0.7:4002", "b=10.0.0.8:4002", "c=10.0.0.9:4002")),
        FakeDatabase.holding("a"));
    node.answer("10.0.0.8:4002", false, "");
    node.answer("10.0.0.9:4002", true, "cluster-a");
    node.lead();

    service.step();

    assertThat(node.probed()).hasSize(3);
    assertThat(node.state().restore()).isEqualTo(new RestoreRecord.Ended(Outcome.RESTORED, 0));
  }

  // --- while it is on its way ---

  /** The download waits until something of it has been loaded, and the other way round. */
  @Test
  void loadsWhatHasComeWhileTheRestIsDownloaded() {
    placeInAnArchive();
    node.lead();
    CountDownLatch loaded = new CountDownLatch(1);
    List<RestoreState> seen = new CopyOnWriteArrayList<>();
    node.duringLoad(bytes -> {
      seen.add(service.state());
      if (bytes > 0) {
        loaded.countDown();
      }
    });
    archive.duringFetch(bytes -> {
      if (bytes > 1000) {
        awaitLatch(loaded);
      }
    });

    service.step();

    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
    assertThat(node.state().backups()).as("recorded in the same entry").hasSize(1);
    assertThat(seen.getFirst())
        .as("what is waited for is the download")
        .isInstanceOf(RestoreState.Downloading.class);
    assertThat(output)
        .contains("Downloading the backup: 100 %")
        .contains("Loading the database: 100 %");
    assertThat(service.step()).isZero();
    assertThat(dataDir.resolve("restore")).doesNotExist();
  }

  @Test
  void takesTheNextOlderOneWhenTheEndOfTheNewestIsDamaged() {
    placeInAnArchive();
    archive.corrupt(true);
    archive.placeOlder(sized(FakeDatabase.holding("older")), FakeDatabase.holding("older"));
    List<Long> loaded = new CopyOnWriteArrayList<>();
    node.duringLoad(loaded::add);
    node.lead();

    service.step();

    assertThat(node.database()).isEqualTo(FakeDatabase.holding("older"));
    assertThat(node.state().backups()).as("so that it is backed up anew").isEmpty();
    assertThat(output).containsOnlyOnce("WARN").contains("The next older one is taken");
  }

  @Test
  void switchesNothingWhenTheWholeIsNoDatabase() {
    CountDownLatch loaded = new CountDownLatch(1);
    int size = FakeDatabase.holding(LONG_TEXT).length;
    check =
        file -> {
          awaitLatch(loaded);
          throw new SqliteException.InvalidDatabase("file is not a database", null);
        };
    service = service(OnFailure.HOLD, S3);
    placeInAnArchive();
    node.duringLoad(bytes -> {
      if (bytes > size - 100) {
        loaded.countDown();
      }
    });
    node.lead();

    service.step();

    assertThat(failed().reason()).contains("no sound SQLite database").contains(S3);
    assertThat(node.databaseEmpty()).isTrue();
    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Begun.class);
    assertThat(dataDir.resolve("restore")).doesNotExist();
  }

  @Test
  void endsTheDownloadWhenLoadingFails() {
    placeInAnArchive();
    node.lead();
    CountDownLatch hangs = new CountDownLatch(1);
    node.duringLoad(bytes -> {
      if (bytes > 0) {
        node.duringLoad(more -> {});
        awaitLatch(hangs);
        throw new IllegalStateException("disk full");
      }
    });
    List<Boolean> interrupted = new CopyOnWriteArrayList<>();
    archive.duringFetch(bytes -> {
      if (bytes > 1000) {
        hangs.countDown();
        try {
          new CountDownLatch(1).await();
        } catch (InterruptedException e) {
          interrupted.add(true);
          Thread.currentThread().interrupt();
        }
      }
    });

    service.step();

    assertThat(failed().reason()).contains("disk full");
    assertThat(interrupted).containsExactly(true);
    archive.duringFetch(bytes -> {});
    clock.advance(Duration.ofMinutes(2));
    service.step();
    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
  }

  @Test
  void lossOfLeadershipEndsBothDownloadAndLoad() {
    placeInAnArchive();
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();
    archive.duringFetch(bytes -> {
      if (bytes > 1000) {
        archive.duringFetch(more -> {});
        node.leader("n2");
      }
    });

    service.step();
    service.step();

    assertThat(service.state()).isEqualTo(new RestoreState.Following("n2"));
    assertThat(node.databaseEmpty()).isTrue();
    assertThat(service.attempts()).isZero();
    assertThat(dataDir.resolve("restore")).isDirectoryContaining("glob:**.part");
    assertThat(output).doesNotContain("WARN");
  }

  private void placeInAnArchive() {
    archive.holdsMany(null);
    archive.place(sized(FakeDatabase.holding(LONG_TEXT)), FakeDatabase.holding(LONG_TEXT));
  }

  /** As an archive tells it, whose pieces have hashes. */
  private static BackupManifest sized(byte[] database) {
    return new BackupManifest(
        "cluster-old", "g0", 99, 700, null, database.length, false, List.of(), null, null, null);
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  // --- leadership ---

  @Test
  void stopsAtOnceWhenLeadershipIsLostInTheDownloadAndKeepsTheParts() {
    place();
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();
    archive.duringFetch(bytes -> {
      if (bytes > 500) {
        archive.duringFetch(more -> {});
        node.leader("n2");
      }
    });

    service.step();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    service.step();

    assertThat(service.state()).isEqualTo(new RestoreState.Following("n2"));
    assertThat(node.databaseEmpty()).isTrue();
    assertThat(dataDir.resolve("restore")).isDirectoryContaining("glob:**.part");
    assertThat(output).doesNotContain("WARN");

    List<Long> fetched = new ArrayList<>();
    archive.duringFetch(fetched::add);
    node.lead();
    service.step();
    assertThat(fetched.getFirst()).isGreaterThan(500);
    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
  }

  @Test
  void lossOfLeadershipInterruptsADownloadThatHangs() {
    place();
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();
    List<Boolean> interrupted = new ArrayList<>();
    archive.duringFetch(bytes -> {
      node.leader("n2");
      interrupted.add(Thread.currentThread().isInterrupted());
    });

    service.step();

    assertThat(interrupted).containsExactly(true);
  }

  @Test
  void stopsAtOnceWhenLeadershipIsLostWhileLoading() {
    place();
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();
    node.duringLoad(bytes -> {
      if (bytes > 500) {
        node.leader("n2");
      }
    });

    service.step();
    service.step();

    assertThat(service.state()).isEqualTo(new RestoreState.Following("n2"));
    assertThat(node.databaseEmpty()).isTrue();
    assertThat(service.attempts()).isZero();
  }

  @Test
  void anotherLeaderGoesOnFromTheSourceThatBegan() {
    archives
        .open("s3://begun/db.sqlite", true)
        .place(manifest(List.of()), FakeDatabase.holding("begun"));
    place();
    node.restored(new RestoreRecord.Begun(1, "s3://begun/db.sqlite")).lead();

    service.step();

    assertThat(node.database()).isEqualTo(FakeDatabase.holding("begun"));
    assertThat(output)
        .containsOnlyOnce("WARN")
        .contains("began from s3://begun/db.sqlite and goes on from there")
        .contains("(" + S3 + ")");
  }

  @Test
  void handsLeadershipOnWhenOnlyAnotherNodeMayReachTheSource() {
    archives.open("s3://begun/db.sqlite", true).failNext(Call.LATEST, Reason.ACCESS_DENIED, 9);
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003")
        .restored(new RestoreRecord.Begun(1, "s3://begun/db.sqlite"))
        .lead();

    for (int i = 0; i < 3; i++) {
      assertThat(node.transfers()).isZero();
      service.step();
      clock.advance(Duration.ofMinutes(2));
    }

    assertThat(node.transfers()).isEqualTo(1);
  }

  /** Its key is missing, its disk is full: half a minute is enough for one node. */
  @Test
  void handsLeadershipOnWhenThisNodeKeepsFailing() {
    place();
    check =
        _ -> {
          throw new IOException("No space left on device");
        };
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();

    for (int i = 0; i < 6; i++) {
      assertThat(node.transfers()).isZero();
      service.step();
      clock.advance(Duration.ofMinutes(2));
    }

    assertThat(node.transfers()).isEqualTo(1);
  }

  @Test
  void warnsOnceACauseAlsoWhenLeadershipComesBack() {
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 2);
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();
    service.step();
    node.leader("n2");
    service.step();
    assertThat(service.lastFailure()).isNull();

    node.lead();
    service.step();

    assertThat(service.lastFailure()).contains("cannot be reached");
    assertThat(output.toString().lines().filter(line -> line.contains("Restore failed")))
        .hasSize(1);
  }

  @Test
  void warnsOnceOfEachReasonWhateverKindItIsOf() {
    node.lead();
    for (String reason :
        List.of(
            "no file /k1 (attempt 1)",
            "no file /k1 (attempt 2)",
            "not 32 bytes",
            "no file /k1 (attempt 3)",
            "not 32 bytes",
            "another key")) {
      archive.failNext(Call.LATEST, new ObjectStoreException(Reason.CONFIGURATION, reason, null));
      service.step();
      assertThat(failed().reason()).contains(reason);
      clock.advance(Duration.ofMinutes(2));
    }

    assertThat(output.toString().lines().filter(line -> line.contains("WARN")))
        .satisfiesExactly(
            line -> assertThat(line).contains("no file /k1 (attempt 1)"),
            line -> assertThat(line).contains("not 32 bytes"),
            line -> assertThat(line).contains("another key"));
  }

  @Test
  void aRelativePathTravelsAsAnAbsoluteOne() {
    service = service(OnFailure.HOLD, "file:./backups/db.sqlite");
    archives
        .open("file:./backups/db.sqlite", true)
        .place(manifest(List.of()), FakeDatabase.holding("a"));
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();
    node.duringLoad(bytes -> {
      throw new IllegalStateException("disk full");
    });

    service.step();

    assertThat(node.state().restore())
        .isInstanceOfSatisfying(
            RestoreRecord.Begun.class,
            begun -> assertThat(begun.source()).isEqualTo("file:/here/backups/db.sqlite"));
  }

  @Test
  void knowsItsOwnSourceUnderItsAbsolutePath() {
    service = service(OnFailure.HOLD, "file:./backups/db.sqlite");
    archives.open("file:./backups/db.sqlite", true).failNext(Call.LATEST, Reason.ACCESS_DENIED, 9);
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003")
        .restored(new RestoreRecord.Begun(1, "file:/here/backups/db.sqlite"))
        .lead();

    for (int i = 0; i < 4; i++) {
      service.step();
      clock.advance(Duration.ofMinutes(2));
    }

    assertThat(node.transfers()).isZero();
  }

  // --- a second place ---

  private static final String SECOND = "file:/mnt/second.sqlite.gz";

  /** Fresh nodes whose backups went to two places. */
  private FakeArchive twoPlaces(OnFailure policy) {
    second = SECOND;
    service = service(policy, S3);
    node.members("n1=127.0.0.1:4002", "n2=127.0.0.1:4003").lead();
    return archives.open(SECOND, true);
  }

  /** Nobody is there whom leadership could be handed on to. */
  private FakeArchive twoPlacesAlone() {
    FakeArchive other = twoPlaces(OnFailure.HOLD);
    node.members("n1=127.0.0.1:4002");
    return other;
  }

  private void steps(int times) {
    for (int i = 0; i < times; i++) {
      service.step();
      clock.advance(Duration.ofMinutes(2));
    }
  }

  @Test
  void takesTheFirstWhenItHoldsABackup() {
    place();
    FakeArchive other = twoPlaces(OnFailure.HOLD);
    other.place(manifest(List.of()), FakeDatabase.holding("second"));

    steps(2);

    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
    assertThat(other.calls(Call.FETCH)).isZero();
    assertThat(service.turnedToSecond()).isNull();
  }

  /** The first was away for a while before everything was lost. */
  @Test
  void takesTheSecondWhenItHoldsANewerBackupAndSaysSo() {
    place();
    FakeArchive other = twoPlaces(OnFailure.HOLD);
    other.place(newer(), FakeDatabase.holding("newer"));

    steps(2);

    assertThat(node.database()).isEqualTo(FakeDatabase.holding("newer"));
    assertThat(archive.calls(Call.FETCH)).isZero();
    assertThat(node.state().backups()).containsOnlyKeys(other.fingerprint());
    assertThat(service.turnedToSecond()).contains("holds a newer backup than " + S3);
    assertThat(output).contains("WARN").contains("restored from the second target " + SECOND);
  }

  @ParameterizedTest
  @CsvSource({"UNAVAILABLE", "ACCESS_DENIED", "CONFIGURATION"})
  void waitsForNoSecondThatMayHoldANewerBackup(Reason reason) {
    place();
    FakeArchive other = twoPlaces(OnFailure.HOLD);
    other.place(newer(), FakeDatabase.holding("newer"));
    other.failNext(Call.LATEST, reason, 9);

    steps(2);

    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
    assertThat(output).doesNotContain("WARN");
  }

  @Test
  void takesTheFirstWhenTheNewerOneOfTheSecondIsDamagedAndTheOneBeforeIsNoNewer() {
    place();
    FakeArchive other = twoPlaces(OnFailure.HOLD);
    other.place(newer(), FakeDatabase.holding("newer"));
    other.corrupt(true);
    other.placeOlder(manifest(List.of()), FakeDatabase.holding("older"));

    steps(3);
    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Begun.class);
    assertThat(failed().reason()).contains("is damaged").contains(SECOND);
    steps(2);

    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
    assertThat(service.turnedToSecond()).isNull();
  }

  private static BackupManifest newer() {
    return new BackupManifest(
        "cluster-old", "g0", 99, 701, null, -1, false, List.of(), null, null, null);
  }

  @Test
  void takesTheSecondWhenTheFirstHoldsNothingAndRecordsItAsThat() {
    FakeArchive other = twoPlaces(OnFailure.HOLD);
    other.place(manifest(List.of()), FakeDatabase.holding("second"));

    steps(2);

    assertThat(node.database()).isEqualTo(FakeDatabase.holding("second"));
    assertThat(node.state().backups()).containsOnlyKeys(other.fingerprint());
    assertThat(service.turnedToSecond()).contains(S3).contains(SECOND);
    assertThat(service.counts().fromSecond.sum()).isEqualTo(1);
    assertThat(output).contains("WARN").contains("restored from the second target " + SECOND);
  }

  @Test
  void anEmptyFirstAloneFoundsNoEmptyCluster() {
    FakeArchive other = twoPlacesAlone();
    other.failNext(Call.LATEST, Reason.UNAVAILABLE, 6);

    for (int i = 0; i < 6; i++) {
      steps(1);
      assertThat(failed().source()).isEqualTo(SECOND);
      assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Undecided.class);
    }
    assertThat(archive.calls(Call.LATEST)).isEqualTo(6);

    other.place(manifest(List.of()), FakeDatabase.holding("second"));
    steps(1);
    assertThat(node.database()).isEqualTo(FakeDatabase.holding("second"));
  }

  @Test
  void startsEmptyWhenBothSayThatNothingIsThere() {
    twoPlaces(OnFailure.HOLD);

    steps(2);

    assertThat(service.state()).isEqualTo(new RestoreState.Done("nothing-there"));
    assertThat(service.turnedToSecond()).isNull();
    assertThat(output).doesNotContain("WARN");
  }

  @ParameterizedTest
  @CsvSource({"UNAVAILABLE", "ACCESS_DENIED", "NO_SUCH_BUCKET"})
  void turnsToTheSecondLoudlyAfterThreeFailuresOfTheFirst(Reason reason) {
    FakeArchive other = twoPlaces(OnFailure.HOLD);
    other.place(manifest(List.of()), FakeDatabase.holding("second"));
    archive.failNext(Call.LATEST, reason, 100);

    steps(3);
    assertThat(other.calls()).isZero();
    assertThat(failed().source()).isEqualTo(S3);
    assertThat(output).doesNotContain("second target");
    steps(1);

    assertThat(node.database()).isEqualTo(FakeDatabase.holding("second"));
    assertThat(output.toString().lines().filter(line -> line.contains("WARN")))
        .anySatisfy(line -> assertThat(line).contains(S3 + " has failed 3 times").contains(SECOND))
        .anySatisfy(line -> assertThat(line).contains("restored from the second target " + SECOND));
    assertThat(
            new RestoreHealthIndicator(
                    node, service::state, service::lastFailure, service::turnedToSecond, () -> null)
                .health()
                .getDetails()
                .get("second"))
        .asString()
        .contains(S3)
        .contains(SECOND);
    assertThat(service.counts().secondAsked.sum()).isEqualTo(1);
  }

  @Test
  void turnsToTheSecondWhenTheFirstIsDamaged() {
    place();
    archive.corrupt(true);
    FakeArchive other = twoPlaces(OnFailure.HOLD);
    other.place(manifest(List.of()), FakeDatabase.holding("second"));

    steps(3);
    assertThat(failed().reason()).contains("is damaged").contains(S3);
    steps(1);

    assertThat(node.database()).isEqualTo(FakeDatabase.holding("second"));
    assertThat(node.state().backups()).containsOnlyKeys(other.fingerprint());
  }

  @Test
  void goesOnByTurnsWhileBothFail() {
    FakeArchive other = twoPlacesAlone();
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 5);
    other.failNext(Call.LATEST, Reason.UNAVAILABLE, 100);
    List<String> sources = new ArrayList<>();

    for (int i = 0; i < 7; i++) {
      steps(1);
      sources.add(failed().source());
    }

    assertThat(sources).containsExactly(S3, S3, S3, SECOND, S3, SECOND, S3);
    place();
    // The second's turn, which fails, then the first's, which is back.
    steps(2);
    assertThat(node.database()).isEqualTo(FakeDatabase.holding(LONG_TEXT));
    assertThat(service.turnedToSecond()).isNull();
  }

  @Test
  void holdsWhenTheFirstFailsAndTheSecondHoldsNothing() {
    var _ = twoPlacesAlone();
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 100);

    steps(8);

    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Undecided.class);
    assertThat(failed().source()).isEqualTo(S3);
  }

  @Test
  void startsEmptyByPolicyOnlyAfterTheSecondHasFailedToo() {
    FakeArchive other = twoPlaces(OnFailure.START_EMPTY);
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 100);
    other.failNext(Call.LATEST, Reason.UNAVAILABLE, 100);

    steps(3);
    assertThat(node.state().restore()).isInstanceOf(RestoreRecord.Undecided.class);
    steps(1);

    assertThat(node.state().restore())
        .isInstanceOfSatisfying(
            RestoreRecord.Ended.class,
            ended -> assertThat(ended.outcome()).isEqualTo(Outcome.STARTED_EMPTY));
  }

  // --- thread ---

  @Test
  void runsOnItsOwnThreadWokenByLeadership() {
    place();
    service.start();

    node.lead();

    Waiting.await("the restore is done").until(() -> service.state() instanceof RestoreState.Done);
    service.stop();
    assertThat(service.isRunning()).isFalse();
  }

  @Test
  void aStopInterruptsAnAttemptWithoutCallingItAFailure() {
    place();
    node.lead();
    archive.duringFetch(bytes -> {
      try {
        new java.util.concurrent.CountDownLatch(1).await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
    service.start();
    Waiting.await("a download has begun").until(() -> archive.calls(Call.FETCH) == 1);

    service.stop();

    assertThat(service.state()).isInstanceOf(RestoreState.Waiting.class);
    assertThat(output).doesNotContain("WARN");
  }

  private String place() {
    return archive.place(manifest(List.of()), FakeDatabase.holding(LONG_TEXT)).etag();
  }

  private RestoreState.Failed failed() {
    assertThat(service.state()).isInstanceOf(RestoreState.Failed.class);
    return (RestoreState.Failed) service.state();
  }

  private static BackupManifest manifest(List<String> members) {
    return manifest(null, members);
  }

  private static BackupManifest manifest(@Nullable String sha256, List<String> members) {
    return new BackupManifest(
        "cluster-old", "g0", 99, 700, sha256, -1, false, members, null, null, null);
  }

  private RestoreService service(OnFailure policy, @Nullable String source) {
    RestoreFolder folder = new RestoreFolder(dataDir);
    RestoreAttempt.DatabaseCheck passes = file -> check.isEmpty(file);
    return new RestoreService(
        policy,
        source,
        second,
        node,
        clock,
        new Random(1),
        folder,
        (moves, leading) ->
            new RestoreAttempt(
                archives,
                RestorePoint.parse("latest"),
                node,
                clock,
                passes,
                folder,
                second == null ? List.of(backupTarget) : List.of(backupTarget, second),
                state -> {
                  states.add(state);
                  moves.accept(state);
                },
                leading));
  }
}
