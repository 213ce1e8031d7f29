package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.LeaderWatch.Verdict;
import org.apache.ratis.server.protocol.TermIndex;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeaderWatchTests {

  @ParameterizedTest
  @CsvSource({
    "3, 20, n1~a, 3, 20, n2~b",
    "3, 21, n2~b, 3, 20, n1~a",
    "4, 2, n2~b, 3, 20, n1~a",
    "3, 20, n1~a, 3, 20, n1~b",
  })
  void ofTwoExactlyOneGoesFirst(
      long term, long index, String first, long otherTerm, long otherIndex, String second) {
    TermIndex further = TermIndex.valueOf(term, index);
    TermIndex other = TermIndex.valueOf(otherTerm, otherIndex);

    assertThat(Verdict.between(other, second, further, first)).isEqualTo(Verdict.AGREED);
    assertThat(Verdict.between(further, first, other, second)).isEqualTo(Verdict.OWN_TURN);
  }

  @Test
  void aLeaseIsOverBeforeALeaderPassesForSilent() {
    assertThat(LeaderWatch.LEASE).isLessThan(LeaderWatch.QUIET);
  }
}
