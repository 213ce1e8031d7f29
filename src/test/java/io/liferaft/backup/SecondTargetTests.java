package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.BackupManifest;
import io.liferaft.backup.BackupOutcome.Result;
import io.liferaft.backup.BackupStatus.State;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeDatabase;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.ManualClock;
import io.liferaft.support.PackageLog;
import io.liferaft.support.Waiting;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two targets: nothing that happens to one delays the other. */
class SecondTargetTests {

  @RegisterExtension final PackageLog output = new PackageLog();
  @TempDir private Path folder;

  private final ManualClock clock = new ManualClock();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final FakeRaftNode node =
      new FakeRaftNode()
          .restored(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 0))
          .exclusiveCopies();
  private final FakeArchive one = new FakeArchive("s3://bucket/db.sqlite.gz");
  private final FakeArchive two = new FakeArchive("file:/mnt/db.sqlite.gz");

  private final CountDownLatch released = new CountDownLatch(1);
  private OpenCopies copies = new OpenCopies(Path.of("unused"), Duration.ofSeconds(5));
  private BackupScheduler first = scheduler(TargetRole.FIRST);
  private BackupScheduler second = scheduler(TargetRole.SECOND);

  @BeforeEach
  void lead() {
    copies = new OpenCopies(folder, Duration.ofSeconds(5));
    first = scheduler(TargetRole.FIRST);
    second = scheduler(TargetRole.SECOND);
    node.listen(event -> {
      first.on(event);
      new SecondTarget(second).on(event);
    });
    node.lead();
  }

  @AfterEach
  void release() {
    released.countDown();
  }

  private BackupScheduler scheduler(TargetRole role) {
    return new BackupScheduler(
        role,
        new BackupProperties(
            "s3://bucket/db.sqlite.gz",
            "file:/mnt/db.sqlite.gz",
            Duration.ofSeconds(10),
            "plain",
            true,
            false,
            false,
            Duration.ofSeconds(20),
            Duration.ZERO,
            false,
            "",
            BackupConfigurationTests.RETENTION),
        archive(role),
        node,
        clock,
        new Random(1),
        new BackupMetrics(registry, role),
        new CopySource(node, null, copies));
  }

  private FakeArchive archive(TargetRole role) {
    return role == TargetRole.FIRST ? one : two;
  }

  private BackupScheduler of(TargetRole role) {
    return role == TargetRole.FIRST ? first : second;
  }

  private static TargetRole other(TargetRole role) {
    return role == TargetRole.FIRST ? TargetRole.SECOND : TargetRole.FIRST;
  }

  @Test
  void eachHasARecordOfItsOwn() {
    node.write("a");

    assertThat(first.tick().result()).isEqualTo(Result.OK);
    assertThat(second.tick().result()).isEqualTo(Result.OK);

    assertThat(node.state().backups()).containsOnlyKeys(one.fingerprint(), two.fingerprint());
    assertThat(two.bytes()).isEqualTo(one.bytes());
    assertThat(output).containsOnlyOnce("Second target: Backup of index");
  }

  /** The copy that hangs would keep every newer state from the other target. */
  @ParameterizedTest
  @EnumSource
  void aHangingUploadDelaysNothing(TargetRole hanging) throws Exception {
    archive(hanging).beforeVisible(() -> await(released));
    node.write("a");
    CompletableFuture<Result> hangs =
        CompletableFuture.supplyAsync(() -> of(hanging).tick().result());
    Waiting.await("the upload hangs").until(() -> archive(hanging).calls(Call.WRITE) == 1);
    node.write("b");

    assertThat(of(other(hanging)).tick().result()).isEqualTo(Result.OK);

    assertThat(archive(other(hanging)).bytes()).isEqualTo(FakeDatabase.holding("b"));
    assertThat(recorded(other(hanging)).changeIndex()).isEqualTo(node.state().changeIndex());
    node.write("c");
    assertThat(of(other(hanging)).tick().result()).isIn(Result.OK, Result.SKIPPED);
    assertThat(hangs).isNotDone();
    released.countDown();
    assertThat(hangs.get()).isEqualTo(Result.OK);
    assertThat(archive(hanging).bytes()).isEqualTo(FakeDatabase.holding("a"));
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @ParameterizedTest
  @EnumSource
  void anOutageOfOneIsNoTroubleOfTheOther(TargetRole down) {
    archive(down).failNext(Call.LATEST, Reason.UNAVAILABLE, 1000);
    TargetRole up = other(down);

    for (int i = 0; i < 4; i++) {
      node.write("a" + i);
      assertThat(of(down).tick().result()).isIn(Result.FAILED, Result.SKIPPED);
      assertThat(of(up).tick().result()).isEqualTo(Result.OK);
      assertThat(recorded(up).changeIndex()).isEqualTo(node.state().changeIndex());
      clock.advance(Duration.ofMinutes(4));
      assertThat(of(up).tick().result()).isEqualTo(Result.SKIPPED);
    }

    assertThat(of(down).status().state()).isEqualTo(State.FAILING);
    assertThat(of(up).status().state()).isEqualTo(State.WAITING);
    assertThat(of(up).failures()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void oneThatIsStoppedKeepsTheOtherFromNothing(TargetRole stopped) {
    node.write("a");
    first.tick();
    second.tick();
    archive(stopped).place(manifest("cluster-b"), FakeDatabase.holding("foreign"));
    node.lead();
    node.write("b");

    assertThat(of(stopped).tick().result()).isEqualTo(Result.STOPPED);
    assertThat(of(other(stopped)).tick().result()).isEqualTo(Result.OK);

    assertThat(of(stopped).status().problem()).contains(stopped.setting() + ", then POST");
    assertThat(of(other(stopped)).stopped()).isFalse();
  }

  /** After a restore from the second, the first still holds what it had, maybe more. */
  @Test
  void keepsWhatTheFirstHeldWhenTheClusterWasRestoredFromTheSecond() {
    one.place(manifest(node.state().clusterId()), FakeDatabase.holding("newer"));
    byte[] database = FakeDatabase.holding("older");
    String etag = two.place(manifest(node.state().clusterId()), database).etag();
    node.write(database);
    node.recordBackup(
        new BackupRecord(
            two.fingerprint(),
            node.state().generation(),
            node.state().changeIndex(),
            FakeDatabase.sha256(database),
            database.length,
            etag,
            null,
            0,
            clock.millis()));

    assertThat(first.tick().result()).isEqualTo(Result.OK);
    assertThat(second.tick().result()).isEqualTo(Result.SKIPPED);

    assertThat(one.preserved()).hasSize(1);
    assertThat(one.preserved().getFirst().manifest().generation()).isEqualTo("g0");
    assertThat(one.bytes()).isEqualTo(database);
    assertThat(two.preserved()).isEmpty();
    assertThat(two.calls(Call.WRITE)).isZero();
  }

  // --- copies ---

  @Test
  void aCopyThatIsInTheWayIsMovedAndReadOn() throws IOException {
    node.write("a");
    byte[] before = node.database();
    try (ClusterCopy slow = copies.take(node, Duration.ofSeconds(60))) {
      assertThat(read(slow, 0, 3)).isEqualTo(Arrays.copyOfRange(before, 0, 3));
      node.write("b");

      try (ClusterCopy now = copies.take(node, Duration.ofSeconds(60))) {
        assertThat(read(now, 0, node.database().length)).isEqualTo(node.database());
        assertThat(now.state().changeIndex()).isGreaterThan(slow.state().changeIndex());
      }

      assertThat(read(slow, 3, before.length - 3))
          .isEqualTo(Arrays.copyOfRange(before, 3, before.length));
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void copiesOfTheSameStateAreReadTogether() throws IOException {
    node.write("a");

    try (ClusterCopy a = copies.take(node, Duration.ofSeconds(60));
        ClusterCopy b = copies.take(node, Duration.ofSeconds(60))) {
      assertThat(read(a, 0, 5)).isEqualTo(read(b, 0, 5));
      try (Stream<Path> files = Files.list(folder)) {
        assertThat(files).isEmpty();
      }
    }
  }

  private static byte[] read(ClusterCopy copy, long offset, int length) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(length);
    assertThat(copy.file().read(offset, into)).isEqualTo(length);
    return into.array();
  }

  private BackupRecord recorded(TargetRole role) {
    return Objects.requireNonNull(node.state().backups().get(archive(role).fingerprint()));
  }

  private BackupManifest manifest(String clusterId) {
    return new BackupManifest(
        clusterId, "g0", 1, 5, null, 1, false, List.of(), null, null, clock.instant());
  }
}
