package io.liferaft.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.archive.ArchiveConfiguration;
import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.Bytes;
import io.liferaft.archive.DatabaseSource;
import io.liferaft.archive.RestorePoint;
import io.liferaft.backup.SafetyBackup;
import io.liferaft.objectstore.ObjectStoreConfiguration;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.WriteHold;
import io.liferaft.restore.InPlaceRestore.Phase;
import io.liferaft.restore.InPlaceRestore.Progress;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeDatabase;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.ManualClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.ThrowingConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Import;

class InPlaceRestoreTests {

  private static final byte[] OLD = FakeDatabase.holding("what it was");
  private static final RestorePoint LATEST = new RestorePoint.Latest();
  private static final String LOST = "this node does not lead any more";

  @TempDir Path dataDir;
  private final FakeArchive archive = new FakeArchive("s3://bucket/db.sqlite.gz");
  private final FakeRaftNode node =
      new FakeRaftNode().restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 0));
  private SafetyBackup safety = new SafetyBackup(true, "000007-safe");
  private boolean heldAtCheck;
  private @Nullable WriteHold heldAtBackup;
  private Runnable duringBackup = () -> {};
  private RestoreAttempt.DatabaseCheck check = _ -> false;
  private InPlaceRestore restore;

  @BeforeEach
  void make() {
    restore =
        new InPlaceRestore(
            archive,
            node,
            new ManualClock(),
            file -> {
              heldAtCheck |= node.state().hold() != null;
              return check.isEmpty(file);
            },
            new RestoreFolder(dataDir),
            () -> {
              heldAtBackup = node.state().hold();
              duringBackup.run();
              return safety;
            },
            work -> {
              work.run();
              return Thread.currentThread();
            });
    place();
  }

  private void place() {
    node.write("now").lead();
    var _ = archive.place(manifest(FakeDatabase.sha256(OLD)), OLD);
  }

  private static BackupManifest manifest(String sha256) {
    return manifest(sha256, OLD.length);
  }

  private static BackupManifest manifest(String sha256, long sizeBytes) {
    return new BackupManifest(
        "c", "g", 1, 7, sha256, sizeBytes, false, List.of(), null, null, null);
  }

  private Progress ended() {
    Progress progress = Objects.requireNonNull(restore.progress());
    assertThat(progress.over()).isTrue();
    assertThat(node.state().hold()).as("nothing is held in the end").isNull();
    assertThat(dataDir.resolve("restore")).doesNotExist();
    return progress;
  }

  private void refuses(int status, String why) {
    assertThatExceptionOfType(RestoreRefusal.class)
        .isThrownBy(() -> restore.begin(LATEST, false))
        .withMessageContaining(why)
        .satisfies(e -> assertThat(e.status()).isEqualTo(status));
  }

  private void failsAndChangesNothing(String why) {
    String generation = node.state().generation();
    byte[] before = node.database();

    var _ = restore.begin(LATEST, false);

    Progress progress = ended();
    assertThat(progress.phase()).isEqualTo(Phase.FAILED);
    assertThat(progress.detail()).contains(why);
    assertThat(node.state().generation()).isEqualTo(generation);
    assertThat(node.database()).isEqualTo(before);
  }

  @Test
  void replacesTheDatabaseOnceWhatIsThereIsBackedUp() {
    String generation = node.state().generation();

    RestorePlan plan = restore.begin(LATEST, false);

    assertThat(plan.changeIndex()).isEqualTo(7);
    Progress progress = ended();
    assertThat(progress.phase()).isEqualTo(Phase.DONE);
    assertThat(progress.detail()).contains("000007-safe");
    assertThat(heldAtBackup).as("no write comes after the safety backup").isNotNull();
    assertThat(heldAtCheck).as("while it is fetched and verified").isFalse();
    assertThat(node.database()).isEqualTo(OLD);
    assertThat(node.state().generation()).isNotEqualTo(generation);
    assertThat(restore.plan(LATEST).estimatedSeconds()).isNotNull();
  }

  @Test
  void aPlanChangesNothing() {
    byte[] before = node.database();

    RestorePlan plan = restore.plan(LATEST);

    assertThat(plan.storedBytes()).isPositive();
    assertThat(plan.databaseBytes()).isEqualTo(OLD.length);
    assertThat(plan.currentChangeIndex()).isEqualTo(node.state().changeIndex());
    assertThat(plan.estimatedSeconds()).isNull();
    assertThat(node.database()).isEqualTo(before);
    assertThat(archive.calls(Call.FETCH)).isZero();
    assertThat(restore.progress()).isNull();
  }

  @Test
  void whatIsNotSoundNeverHoldsAWrite() {
    archive.corrupt(true);
    failsAndChangesNothing("damaged");
    archive.corrupt(false);
    check =
        file -> {
          throw new SqliteException.InvalidDatabase(file + ": page 3 is wrong", null);
        };
    failsAndChangesNothing("page 3 is wrong");
    check = _ -> true;
    failsAndChangesNothing("holds no object, and should");
    assertThat(heldAtCheck).isFalse();
    assertThat(heldAtBackup).isNull();
  }

  @Test
  void withoutASafetyBackupItNeedsForce() {
    safety = new SafetyBackup(false, "the store is away");
    failsAndChangesNothing("the store is away");

    var _ = restore.begin(LATEST, true);
    assertThat(ended().phase()).isEqualTo(Phase.DONE);
    assertThat(node.database()).isEqualTo(OLD);
  }

  @Import({ObjectStoreConfiguration.class, ArchiveConfiguration.class})
  static class Places {}

  /** A directory's archive as a node has it with these settings. */
  private static void opened(
      Path folder, List<String> settings, ThrowingConsumer<BackupArchive> work) {
    new ApplicationContextRunner()
        .withUserConfiguration(Places.class)
        .withPropertyValues(settings.toArray(String[]::new))
        .run(context ->
            work.accept(context.getBean(BackupArchives.class).open("file:" + folder + "/", true)));
  }

  private InPlaceRestore from(BackupArchive place) {
    return new InPlaceRestore(
        place,
        node,
        new ManualClock(),
        file -> false,
        new RestoreFolder(dataDir),
        () -> safety,
        work -> Thread.ofVirtual().unstarted(work));
  }

  @Test
  void saysWhichKeyItLacksAndWhichPointThereIsNot(@TempDir Path folder) throws Exception {
    Path key = Files.writeString(dataDir.resolve("key"), "11".repeat(32));
    String keyId = "liferaft.archive.encryption.key-id=k1";
    String source = "liferaft.archive.encryption.keys.k1=file:" + key;
    opened(
        folder,
        List.of(keyId, source),
        place -> {
          DatabaseSource database = new Bytes(OLD);
          var _ =
              place.write(manifest(place.digest(database)), new PutCondition.IfAbsent(), database);
          refuses(from(place), new RestorePoint.Index(6), 404, "holds no backup for restore point");
        });

    opened(
        folder,
        List.of(),
        place -> {
          refuses(from(place), LATEST, 409, "the key of id k1, which is not set");
          refuses(
              from(place), new RestorePoint.Index(7), 409, "liferaft.archive.encryption.keys.k1");
        });
    Files.delete(key);
    opened(
        folder,
        List.of(source),
        place -> refuses(from(place), LATEST, 409, "keys.k1: there is no file " + key));
  }

  private static void refuses(InPlaceRestore restore, RestorePoint point, int status, String why) {
    assertThatExceptionOfType(RestoreRefusal.class)
        .isThrownBy(() -> restore.plan(point))
        .withMessageContaining(why)
        .satisfies(e -> assertThat(e.status()).isEqualTo(status));
  }

  /** The next leader's first entry ends the hold; letting go says nothing that hides why. */
  @Test
  void aLeaderThatIsDeposedGivesUp() {
    duringBackup = () -> node.leader("n2");
    failsAndChangesNothing(LOST);

    node.lead();
    duringBackup = () -> {};
    node.duringLoad(_ -> node.leader("n2"));
    failsAndChangesNothing("n1 does not lead");
  }

  /** Whoever led in between may have let the writes go on. */
  @Test
  void aLeaderThatLeadsAgainInALaterTermGivesUp() {
    check =
        _ -> {
          node.leader("n2").lead();
          return false;
        };
    failsAndChangesNothing(LOST);
    assertThat(heldAtBackup).isNull();

    check = _ -> false;
    duringBackup = () -> node.leader("n2").lead();
    failsAndChangesNothing(LOST);
    assertThat(heldAtBackup).isNotNull();
  }

  @Test
  void aNodeThatStopsLetsTheWritesGoOn() {
    node.duringLoad(_ -> {
      restore.stop();
      Thread.currentThread().interrupt();
    });
    try {
      failsAndChangesNothing(LOST);
    } finally {
      assertThat(Thread.interrupted()).as("still known").isTrue();
    }
    refuses(409, "Another restore is under way");
    restore.start();
    node.duringLoad(_ -> refuses(409, "Another restore is under way"));

    var _ = restore.begin(LATEST, false);

    assertThat(ended().phase()).isEqualTo(Phase.DONE);
  }

  @Test
  void holdsWritesNoLongerThanTheDatabaseTakes() {
    byte[] large = new byte[3 << 20];
    var _ = archive.place(manifest(FakeDatabase.sha256(large), large.length), large);

    var _ = restore.begin(LATEST, false);

    assertThat(ended().phase()).isEqualTo(Phase.DONE);
    assertThat(heldAtBackup)
        .isNotNull()
        .satisfies(hold ->
            assertThat(Duration.ofMillis(hold.untilMillis()))
                .isEqualTo(Duration.ofMinutes(5).plusSeconds(3)));
  }

  @Test
  void isRefusedWhereItMakesNoSense() {
    archive.failNext(Call.LATEST, Reason.UNAVAILABLE, 1);
    refuses(503, "UNAVAILABLE");
    archive.remove();
    refuses(404, "There is no backup");
    assertThatExceptionOfType(RestoreRefusal.class)
        .isThrownBy(() -> restore.begin(new RestorePoint.Index(3), false))
        .satisfies(e -> assertThat(e.status()).as("a plain target").isEqualTo(409));
    node.members("n1=h:1", "n2=h:2").leader("n2");
    refuses(421, "ask n2");
    node.lead().restored(new RestoreRecord.Undecided());
    refuses(409, "has not ended");
  }
}
