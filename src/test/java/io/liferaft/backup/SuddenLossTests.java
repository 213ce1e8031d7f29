package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDecision.Copied;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.support.FakeArchive;
import io.liferaft.support.FakeArchive.Call;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class SuddenLossTests {

  private static final Copied COPIED = new Copied("cluster", "generation", 9, 3, "aa", false);

  private final FakeArchive archive = new FakeArchive("s3://bucket/db.sqlite.gz");
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final SuddenLoss loss =
      new SuddenLoss(archive, new BackupMetrics(meters, TargetRole.FIRST));

  private StoredBackup holding(long usedBytes) {
    return archive.place(
        new BackupManifest(
            "cluster",
            "generation",
            3,
            8,
            "bb",
            Math.max(0, usedBytes),
            false,
            usedBytes,
            List.of(),
            null,
            null,
            Instant.EPOCH),
        new byte[8]);
  }

  private static CopyDigest now(long usedBytes) {
    return new CopyDigest("aa", 1 << 20, usedBytes, false, null);
  }

  @ParameterizedTest
  @CsvSource({
    "1000000, 99999, true",
    "1000000, 100000, false",
    "1000000, 0, true",
    "65536, 6000, true",
    "65535, 0, false",
    "1000000, -1, false",
    "-1, 4096, false",
  })
  void keepsWhatWasThereWhenLessThanATenthIsLeft(long before, long after, boolean lost) {
    StoredBackup old = holding(before);

    loss.keep(old, COPIED, now(after));

    assertThat(archive.preserved()).hasSize(lost ? 1 : 0);
    assertThat(meters.get("liferaft.backup.losses").counter().count()).isEqualTo(lost ? 1 : 0);
  }

  @Test
  void tellsItOnceAndWhatWasKept(CapturedOutput output) {
    StoredBackup old = holding(1_000_000);

    loss.keep(old, COPIED, now(5_000));
    loss.made(now(5_000));
    loss.keep(holding(5_000), COPIED, now(4_000));

    assertThat(output)
        .containsOnlyOnce("WARN")
        .contains("1000000 bytes were in use, 5000 are")
        .contains("key.preserved");
  }

  @Test
  void seesWhatGoesLittleByLittle() {
    loss.made(now(1_000_000));
    loss.keep(holding(1_000_000), COPIED, now(400_000));
    loss.made(now(400_000));
    assertThat(archive.preserved()).isEmpty();

    loss.keep(holding(400_000), COPIED, now(90_000));

    assertThat(archive.preserved()).hasSize(1);
  }

  @Test
  void tellsWhatItKeepsUntilAnOperatorLetsItGo() {
    Instant start = Instant.EPOCH;
    archive.holdsMany(null);
    loss.look(1, start);
    assertThat(loss.told()).isNull();
    loss.look(1, start.plusSeconds(600));
    assertThat(archive.calls(Call.KEPT)).as("nothing is asked while nothing is told").isOne();

    loss.keep(holding(1_000_000), COPIED, now(5_000));
    loss.look(1, start.plusSeconds(700));
    assertThat(loss.told()).contains("1000000 bytes were in use, 5000 are").contains("key and all");

    archive.failNext(Call.KEPT, Reason.UNAVAILABLE, 1);
    archive.holdsMany(null);
    loss.look(1, start.plusSeconds(759));
    loss.look(1, start.plusSeconds(760));
    assertThat(archive.calls(Call.KEPT)).as("once a minute").isEqualTo(3);
    assertThat(loss.told()).isNotNull();
    loss.look(1, start.plusSeconds(820));
    assertThat(loss.told()).isNull();
  }

  @Test
  void knowsInANewTermWhatAnotherLeaderHasKept() {
    archive.holdsMany("older");
    loss.look(1, Instant.EPOCH);
    assertThat(loss.told()).contains("after older was made").contains(archive.location());

    archive.holdsMany(null);
    loss.look(1, Instant.EPOCH.plusSeconds(60));
    archive.holdsMany("newer");
    loss.look(1, Instant.EPOCH.plusSeconds(120));
    assertThat(loss.told()).isNull();
    loss.look(2, Instant.EPOCH.plusSeconds(180));
    assertThat(loss.told()).contains("after newer was made");
  }

  @Test
  void leavesTheBackupOfAnotherClusterToWhoLooksAfterIt() {
    loss.keep(null, COPIED, now(1));
    loss.keep(holding(1_000_000), new Copied("other", "generation", 9, 3, "aa", false), now(5_000));

    assertThat(archive.preserved()).isEmpty();
  }
}
