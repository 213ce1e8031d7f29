package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.PruneReport;
import io.liferaft.backup.BackupOutcome.Result;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchive.Call;
import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.ManualClock;
import io.liferaft.support.PackageLog;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PruningTests {

  private static final Duration INTERVAL = Duration.ofHours(1);

  @RegisterExtension final PackageLog output = new PackageLog();
  private final ManualClock clock = new ManualClock();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final FakeRaftNode node = new FakeRaftNode();
  private final FakeArchive archive = new FakeArchive("s3://bucket/db/");
  private final Pruning pruning = pruning(BackupConfigurationTests.RETENTION);

  private Pruning pruning(BackupProperties.Retention retention) {
    return new Pruning(
        archive, retention, node, clock, new BackupMetrics(registry, TargetRole.FIRST));
  }

  @BeforeEach
  void lead() {
    node.lead();
  }

  private int prunes() {
    return archive.calls(Call.PRUNE);
  }

  private double failures() {
    return registry.get("liferaft.backup.prune.failed").counter().count();
  }

  private double pruned(String kind) {
    return registry.get("liferaft.backup.pruned").tag("kind", kind).counter().count();
  }

  private static PruneReport report(boolean more, @Nullable String problem) {
    return new PruneReport(false, 7, List.of("a", "b"), List.of("p"), 99, more, problem);
  }

  @Test
  void prunesAnIntervalAfterThisNodeBeganToLeadAndThenOncePerInterval() {
    for (int round = 0; round < 6 * 25; round++) {
      pruning.after(Result.OK, false, 3L);
      clock.advance(Duration.ofMinutes(10));
    }

    assertThat(prunes()).isEqualTo(24);
    assertThat(output).doesNotContain("INFO").doesNotContain("WARN");
  }

  @Test
  void anotherTermBeginsAnew() {
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);
    pruning.after(Result.OK, false, 4L);
    pruning.after(Result.SKIPPED, false, null);
    clock.advance(INTERVAL);
    pruning.after(Result.SKIPPED, false, null);
    pruning.after(Result.OK, false, 4L);

    assertThat(prunes()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "OK, false, 1",
    "RECORDED, false, 1",
    "SKIPPED, true, 1",
    "SKIPPED, false, 0",
    "FAILED, false, 0",
    "STOPPED, false, 0",
    "REFUSED, false, 0"
  })
  void prunesOnlyAfterARoundThatEndedWell(Result result, boolean inOrder, int times) {
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);

    pruning.after(result, inOrder, 3L);

    assertThat(prunes()).isEqualTo(times);
  }

  @Test
  void asksAQuorumFirst() {
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);
    node.leader("n2");

    pruning.after(Result.OK, false, 3L);

    assertThat(prunes()).isZero();
    assertThat(failures()).isZero();
  }

  @Test
  void deletesNothingWhereThatIsNotWanted() {
    Pruning never =
        pruning(new BackupProperties.Retention(Duration.ZERO, 0, 0, 0, 0, 1, false, INTERVAL));
    never.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);
    never.after(Result.OK, false, 3L);

    assertThat(prunes()).isZero();
  }

  @Test
  void tellsAndCountsWhatWasDeleted() {
    archive.pruneReport(report(false, null));
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);

    pruning.after(Result.OK, false, 3L);

    assertThat(output)
        .containsOnlyOnce("INFO")
        .contains("2 restore points and 1 packs of 99 bytes deleted, 7 restore points kept");
    assertThat(pruned("manifests")).isEqualTo(2);
    assertThat(pruned("packs")).isEqualTo(1);
    assertThat(failures()).isZero();
  }

  @Test
  void goesOnAfterTheNextRoundWhenSomethingIsLeft() {
    archive.pruneReport(report(true, null));
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);
    pruning.after(Result.OK, false, 3L);
    pruning.after(Result.FAILED, false, 3L);
    archive.pruneReport(report(false, null));
    pruning.after(Result.OK, false, 3L);
    pruning.after(Result.OK, false, 3L);

    assertThat(prunes()).isEqualTo(2);
  }

  @Test
  void aFailureIsAWarningAndIsTriedAgainAfterAnInterval() {
    archive.failNext(Call.PRUNE, Reason.ACCESS_DENIED, 1);
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);
    pruning.after(Result.OK, false, 3L);
    pruning.after(Result.OK, false, 3L);
    assertThat(output).containsOnlyOnce("WARN").contains("ACCESS_DENIED");
    assertThat(failures()).isEqualTo(1);
    assertThat(prunes()).isEqualTo(1);

    archive.pruneReport(report(true, "No pack is deleted"));
    clock.advance(INTERVAL);
    pruning.after(Result.OK, false, 3L);
    pruning.after(Result.OK, false, 3L);

    assertThat(output).contains("No pack is deleted");
    assertThat(failures()).isEqualTo(2);
    assertThat(prunes()).isEqualTo(2);
    assertThat(pruned("manifests")).isEqualTo(2);
  }

  @Test
  void anInterruptEndsThePruneAlone() {
    boolean[] seen = new boolean[1];
    archive.duringPrune(() -> {
      pruning.interrupt();
      seen[0] = Thread.currentThread().isInterrupted();
    });
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);

    pruning.after(Result.OK, false, 3L);

    assertThat(seen[0]).isTrue();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void noneBeginsAfterAnInterruptThatCameJustBefore() {
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);
    pruning.interrupt();
    pruning.after(Result.OK, false, 3L);
    assertThat(prunes()).isZero();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();

    pruning.allow();
    clock.advance(INTERVAL);
    pruning.after(Result.OK, false, 3L);
    assertThat(prunes()).isEqualTo(1);
  }

  @Test
  void aClockThatIsSetBackDoesNotStopIt() {
    clock.advance(Duration.ofDays(400));
    pruning.after(Result.OK, false, 3L);
    clock.advance(Duration.ofDays(-400));
    pruning.after(Result.OK, false, 3L);
    clock.advance(INTERVAL);
    pruning.after(Result.OK, false, 3L);

    assertThat(prunes()).isEqualTo(1);
  }
}
