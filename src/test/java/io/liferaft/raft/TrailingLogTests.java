package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TrailingLogTests {

  private static final int ENTRY = 1000;

  private final TrailingLog trail = new TrailingLog(100 * ENTRY);

  @Test
  void nothingMayGoBeforeAsMuchHasBeenApplied() {
    apply(0, 90);

    assertThat(trail.cut(89)).isEqualTo(-1);
  }

  @Test
  void whatStaysIsNeverLessThanAskedForAndHardlyMore() {
    apply(0, 1000);

    long cut = trail.cut(999);

    assertThat(999 - cut).isBetween(95L, 110L);
  }

  @Test
  void whatTheDatabaseFileDoesNotHoldStays() {
    apply(0, 1000);

    assertThat(trail.cut(500)).isLessThanOrEqualTo(500).isGreaterThan(480);
    assertThat(trail.cut(500)).as("the same when asked again").isGreaterThan(480);
    assertThat(trail.cut(999)).as("later more").isGreaterThan(880);
  }

  @Test
  void neverGoesBack() {
    apply(0, 1000);
    long cut = trail.cut(999);

    assertThat(trail.cut(10)).isEqualTo(cut);
  }

  /** One entry larger than all that is kept: the log is cut before and behind it. */
  @Test
  void countsBytesNotEntries() {
    apply(0, 10);
    trail.applied(10, 500 * ENTRY);

    assertThat(trail.cut(10)).isBetween(-1L, 9L);
    apply(11, 100);
    assertThat(trail.cut(110)).isEqualTo(10);
  }

  @Test
  void keepsNothingWhenAskedSo() {
    TrailingLog none = new TrailingLog(0);
    none.applied(5, ENTRY);

    assertThat(none.cut(5)).isEqualTo(5);
  }

  private void apply(int first, int count) {
    for (int i = 0; i < count; i++) {
      trail.applied(first + i, ENTRY);
    }
  }
}
