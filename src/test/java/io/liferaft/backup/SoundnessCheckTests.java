package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.support.FakeRaftNode;
import io.liferaft.support.ManualClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SoundnessCheckTests {

  private final FakeRaftNode node = new FakeRaftNode();
  private final ManualClock clock = new ManualClock();

  @Test
  void looksWithEveryBackup() {
    SoundnessCheck check = new SoundnessCheck(node, clock, false);
    check.require(1000, "g1");
    node.checked("page 3 is wrong");

    refuses(check, "g1");
  }

  @Test
  void looksOnceADayAndWithANewGeneration() {
    SoundnessCheck check = new SoundnessCheck(node, clock, true);
    check.require(1000, "g1");
    node.checked("page 3 is wrong");

    assertThatCode(() -> check.require(1000, "g1")).doesNotThrowAnyException();
    refuses(check, "g2");
    clock.advance(Duration.ofHours(24));
    refuses(check, "g1");
    refuses(check, "g1");
    node.checked("ok");
    check.require(1000, "g1");
    node.checked("page 3 is wrong");
    assertThatCode(() -> check.require(1000, "g1")).doesNotThrowAnyException();
  }

  /** A large database is looked at to its end, which may take minutes. */
  @Test
  void theDailyLookHasTime() {
    SoundnessCheck check = new SoundnessCheck(node, clock, true);
    node.checkLasts(Duration.ofMinutes(10));
    node.checked("page 3 is wrong");

    refuses(check, "g1");
  }

  @Test
  void whatWasNotLookedAtToTheEndIsLookedAtAgain() {
    SoundnessCheck check = new SoundnessCheck(node, clock, true);
    node.checkLasts(Duration.ofDays(1));
    node.checked("page 3 is wrong");
    assertThatCode(() -> check.require(1000, "g1")).doesNotThrowAnyException();
    node.checkLasts(Duration.ZERO);

    clock.advance(Duration.ofMinutes(59));
    assertThatCode(() -> check.require(1000, "g1")).doesNotThrowAnyException();
    clock.advance(Duration.ofMinutes(2));
    refuses(check, "g1");
  }

  /** Each of its backups would be held up. */
  @Test
  void aPlainBackupIsLookedAtAsFarAsAShortQueryGets() {
    SoundnessCheck check = new SoundnessCheck(node, clock, false);
    node.checkLasts(Duration.ofSeconds(3));
    node.checked("page 3 is wrong");
    assertThatCode(() -> check.require(1000, "g1")).doesNotThrowAnyException();
    node.checkLasts(Duration.ZERO);

    assertThatCode(() -> check.require(1000, "g1")).doesNotThrowAnyException();
    refuses(check, "g1", 999);
  }

  private static void refuses(SoundnessCheck check, String generation) {
    refuses(check, generation, 1000);
  }

  private static void refuses(SoundnessCheck check, String generation, long sizeBytes) {
    assertThatExceptionOfType(SoundnessCheck.Damaged.class)
        .isThrownBy(() -> check.require(sizeBytes, generation))
        .withMessageContaining("page 3 is wrong");
  }
}
