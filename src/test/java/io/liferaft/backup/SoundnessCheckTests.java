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

  private static void refuses(SoundnessCheck check, String generation) {
    assertThatExceptionOfType(SoundnessCheck.Damaged.class)
        .isThrownBy(() -> check.require(1000, generation))
        .withMessageContaining("page 3 is wrong");
  }
}
